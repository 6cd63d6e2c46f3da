import { expect, test } from 'vitest'
import { RecordDescriber } from '../../../workflows/trail/describe-record.ts'
import type { Journal } from '../../../workflows/trail/journal-writer.ts'
import { recordOf, type TrailRecord } from '../../../workflows/trail/line.ts'
import { type Tailed, tailTrail } from '../../../workflows/trail/tail.ts'
import { judgement, openTestJournal, trailFolder, written } from './trail-folder.ts'

const identity = {
  kind: 'human',
  name: 'ana',
  issuer: 'https://idp.example',
  subject: 'u1',
  groups: [],
  actsFor: null,
  provenBy: 'oidc',
  expiresAt: '2026-03-01T10:30:00Z',
} as const
const target = { name: 'prod/shop', environment: 'production', database: 'shop' } as const

test('merges all journals by time, and follows them over new files and new journals', async () => {
  using folder = trailFolder()
  let ms = 0
  const now = (): number => Date.UTC(2026, 2, 1, 9, 30, 0, ms++)
  const proxy = await openTestJournal(folder.path, { now, fileBytesMax: 900 })
  const worker = await openTestJournal(folder.path, { now, process: 'worker' })
  for (let hold = 0; hold < 4; hold++) await take(hold % 2 === 0 ? proxy : worker, `hold_${hold}`)

  const stop = new AbortController()
  const seen: TrailRecord[] = []
  let late: Journal | undefined
  for await (const { record } of tailTrail({ folder: folder.path, since: at(0), follow: true, signal: stop.signal })) {
    if (record === null) throw new Error('a line was not read')
    seen.push(record)
    if (record.body.hold === 'hold_3') for (let hold = 4; hold < 9; hold++) await take(proxy, `hold_${hold}`)
    if (record.body.hold === 'hold_8') {
      late = await openTestJournal(folder.path, { now, process: 'late' })
      await take(late, 'hold_9')
    }
    if (record.body.hold === 'hold_9') stop.abort()
  }
  await Promise.all([proxy.close(), worker.close(), late?.close()])
  const holds = seen.filter(({ event }) => event === 'hold.taken').map(({ body }) => body.hold)
  expect(holds).toEqual(Array.from({ length: 10 }, (_, hold) => `hold_${hold}`))
  expect(seen.map((record) => record.at)).toEqual(seen.map((record) => record.at).toSorted())
})

test('begins at a time, in whichever file that is', async () => {
  using folder = trailFolder()
  let ms = 0
  const journal = await openTestJournal(folder.path, {
    now: () => Date.UTC(2026, 2, 1, 9, 30, 0, ms),
    fileBytesMax: 500,
  })
  for (ms = 1; ms <= 9; ms++) await take(journal, `hold_${ms}`)
  await journal.close()
  const tail = await tailed(folder.path, at(6))
  const holds = tail.map(({ record }) => record?.body.hold).filter((hold) => hold !== undefined)
  expect(holds).toEqual(['hold_6', 'hold_7', 'hold_8', 'hold_9'])
})

test('shows a record as one line that people read, with who asked', async () => {
  using folder = trailFolder()
  const journal = await openTestJournal(folder.path)
  const session = 's_1'
  journal.append('session.opened', { session, identity, target, client: '10.0.0.1', application: 'psql', tls: true })
  journal.append('statement.denied', {
    ...judgement,
    session,
    statement: 3,
    parameters: [],
    outcome: 'deny',
    text: 'DROP TABLE customers',
  })
  journal.append('statement.completed', {
    session,
    statement: 4,
    ok: true,
    tag: 'SELECT 2',
    rows: 2,
    masked: 2,
    durationMs: 1.5,
  })
  journal.append('session.closed', { session, reason: 'the client left', statements: 4 })
  await journal.close()
  const tail = await tailed(folder.path, null)
  const describer = new RecordDescriber({ colour: false, width: 200 })
  expect(tail.slice(1).map(({ record }) => describer.describe(record as TrailRecord).trimEnd())).toEqual([
    '2026-03-01 09:30:00.000  proxy-1    session.opened               s_1 ana → prod/shop from 10.0.0.1 psql',
    '2026-03-01 09:30:00.000  proxy-1    statement.denied     deny    ana prod/shop #3: DROP TABLE customers',
    '2026-03-01 09:30:00.000  proxy-1    statement.completed  ok      ana prod/shop #4: SELECT 2, 1.5 ms, 2 masked',
    '2026-03-01 09:30:00.000  proxy-1    session.closed               ana prod/shop: the client left',
  ])
})

test.each([
  ['an escape sequence', '\u001b[2J'],
  ['a C1 control', '\u009b2J'],
  ['bidirectional text', '\u202e'],
  ['zero width', '\u200b'],
  ['a tag character', '\u{e0041}'],
  ['a line separator', '\u2028'],
])('makes %s visible', (_, hidden) => {
  const line = describe(`SELECT '${hidden}'\nFROM\t t`)
  expect(line).not.toContain(hidden)
  expect(line).toMatch(/SELECT '(\\u\{[0-9a-f]+\}|\[2J|2J)+' FROM t$/)
})

test('cuts what is wider than the terminal', () => {
  expect(describe('x'.repeat(500), 120)).toHaveLength(120)
  expect(describe('😀'.repeat(500), 121).isWellFormed()).toBe(true)
})

async function tailed(folder: string, since: string | null): Promise<Tailed[]> {
  const all: Tailed[] = []
  for await (const one of tailTrail({ folder, since, follow: false })) all.push(one)
  return all
}

function describe(text: string, width = 300): string {
  const body = { session: 's_1', statement: 1, judgement: { ...judgement, text } }
  const record = { at: at(0), body, event: 'statement.intended', journal: 'proxy-1-00000000', prev: '', seq: 1 }
  return new RecordDescriber({ colour: false, width }).describe(recordOf(JSON.stringify(record)) as TrailRecord)
}

function at(ms: number): string {
  return new Date(Date.UTC(2026, 2, 1, 9, 30, 0, ms)).toISOString()
}

async function take(journal: Journal, hold: string): Promise<void> {
  journal.append('hold.taken', { hold })
  await written(journal)
}
