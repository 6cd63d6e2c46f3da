import { spawn } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { listJournals } from '../../../workflows/trail/journal-files.ts'
import { recordOf } from '../../../workflows/trail/line.ts'
import { verifyTrail } from '../../../workflows/trail/verify.ts'
import { openTestJournal, trailFolder } from './trail-folder.ts'

const KILLS = 15

test.each(['process', 'disk'] as const)(
  'loses no acknowledged record when killed at any moment, many times over (%s)',
  { timeout: 120_000 },
  async (durability) => {
    using folder = trailFolder()
    const acknowledged = new Set<string>()
    for (let life = 1; life <= KILLS; life++)
      for (const statement of await liveAndDie(folder.path, `s_${life}`, durability)) acknowledged.add(statement)

    const journal = await openTestJournal(folder.path) // finds the last end, and cuts what is unfinished
    await journal.close()
    const verdict = await verifyTrail({ folder: folder.path })
    expect(verdict.firstBad).toBeNull()
    expect(verdict.journals).toMatchObject([{ journal: journal.id, unfinishedBytes: 0 }])
    const recorded = new Set(statementsIn(folder.path))
    expect(acknowledged.size).toBeGreaterThan(KILLS)
    expect([...acknowledged].filter((statement) => !recorded.has(statement))).toEqual([])
  },
)

async function liveAndDie(folder: string, session: string, durability: string): Promise<string[]> {
  const writer = new URL('writer-process.ts', import.meta.url).pathname
  const child = spawn(process.execPath, [writer, folder, session, durability], { stdio: ['ignore', 'pipe', 'inherit'] })
  let said = ''
  const ready = new Promise<void>((resolve) => {
    child.stdout.on('data', (bytes: Buffer) => {
      said += bytes.toString()
      // At a moment of the process's own making, so that a slow machine kills no process that has not begun.
      if (said.length > wait) {
        child.kill('SIGKILL')
        resolve()
      }
    })
  })
  const wait = randomInt(1, 8_000)
  await Promise.all([ready, once(child, 'close')])
  // The last line may be cut: its acknowledgement did not arrive.
  return said
    .split('\n')
    .slice(0, -1)
    .map((statement) => `${session}/${statement}`)
}

function statementsIn(folder: string): string[] {
  const files = [...listJournals(folder).values()].flat()
  const lines = files.flatMap(({ path }) => readFileSync(path, 'utf8').split('\n').slice(0, -1))
  return lines.map((line) => recordOf(line)?.body ?? {}).map(({ session, statement }) => `${session}/${statement}`)
}
