import { once } from 'node:events'
import { PassThrough } from 'node:stream'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openLog } from '../../../log.ts'
import type { Identity } from '../../../policies/input.ts'
import { createHoldStreams, type HoldStreams } from '../../../proxy/doors/http/hold-stream.ts'
import { ana, openStage, reportBot, request, type Stage } from '../../workflows/stage.ts'

let stage: Stage
let streams: HoldStreams
beforeAll(async () => {
  stage = await openStage()
  const { pool, holds, now } = stage
  streams = createHoldStreams({ pool, holds, now, log: openLog({ level: 'silent', process: 'test' }) })
})
afterAll(async () => {
  await streams.close()
  await stage[Symbol.asyncDispose]()
})

/** Follows a hold that nobody answers. */
async function follow(asker: Identity): Promise<PassThrough> {
  const { id } = await stage.holds.create(request())
  const response = new PassThrough()
  response.resume()
  streams.follow({ holds: [id], asker, response, tell: async () => true, last: 'the end' })
  return response
}

test('a hold is followed for as long as the credential is good, and no longer', async () => {
  const expiresAt = new Date(stage.clock.ms + 20).toISOString()
  const ended = once(await follow({ ...ana, expiresAt }), 'end')
  const longer = await follow(reportBot)
  await ended
  expect(longer.writableEnded).toBe(false)
  longer.destroy()
})

test('twenty at once, one after the other ended makes room, and others have their own', async () => {
  const all: PassThrough[] = []
  for (let n = 0; n < 20; n++) all.push(await follow(ana))
  await expect(follow(ana)).rejects.toMatchObject({ code: 'too_many_streams' })
  all.push(await follow(reportBot))
  const [first] = all.splice(0, 1)
  const closed = once(first as PassThrough, 'close')
  first?.destroy()
  await closed
  all.push(await follow(ana))
  await expect(follow(ana)).rejects.toMatchObject({ code: 'too_many_streams' })
  for (const one of all) one.destroy()
})
