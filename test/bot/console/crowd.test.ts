import type { ServerResponse } from 'node:http'
import { expect, test, vi } from 'vitest'
import { createEventStream } from '../../../bot/console/event-stream.ts'
import type { Viewer } from '../../../bot/console/viewer.ts'
import type { Hold } from '../../../workflows/holds/hold.ts'
import { testLog } from '../../workflows/stage.ts'
import { sampleOf } from './sample-hold.ts'

const ISSUER = 'https://id.example'

test('of a thousand holds that change at once a page hears in a few lines, and the console reads few of them', async () => {
  let announce: (id: string | null) => void = () => undefined
  let read = 0
  const first = Promise.withResolvers<void>()
  const stream = createEventStream({
    changes: {
      subscribe: (subscriber) => {
        announce = subscriber
        return () => undefined
      },
    },
    holds: {
      find: async (id: string) => {
        read++
        await first.promise
        return { ...sampleOf('ben', ISSUER), id, status: 'expired' } as unknown as Hold
      },
    } as Parameters<typeof createEventStream>[0]['holds'],
    log: testLog() as unknown as Parameters<typeof createEventStream>[0]['log'],
  })
  const lines: string[] = []
  const response = {
    write: (line: string) => lines.push(line),
    once: () => undefined,
    end: () => undefined,
    writableLength: 0,
  } as unknown as ServerResponse
  const person = { issuer: ISSUER, subject: 'ben', name: 'ben', groups: ['security'] }
  const viewer = { person, owned: [] } as unknown as Viewer
  stream.add(response, viewer, async () => viewer)
  lines.length = 0
  for (let n = 0; n < 1_000; n++) announce(`hold_${n}`)
  announce('hold_last')
  first.resolve()
  await vi.waitFor(() => expect(lines.at(-1)).toContain('hold_last'))
  expect(lines.filter((line) => line.startsWith('event: ready')).length).toBeGreaterThan(0)
  expect(lines.length).toBeLessThan(250)
  expect(read).toBeLessThan(250)
  stream.close()
})
