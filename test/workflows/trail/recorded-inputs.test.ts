import pg from 'pg'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { shownTo } from '../../../policies/manifest.ts'
import type { RecordedInput } from '../../../workflows/replay/recorded-input.ts'
import { countStateInputs, stateInputs } from '../../../workflows/replay/state-inputs.ts'
import { migrate } from '../../../workflows/state/migrate.ts'
import { RecordedInputs } from '../../../workflows/trail/recorded-inputs.ts'
import { Shipper } from '../../../workflows/trail/shipper.ts'
import { inputDigest, tracedInput } from '../../../workflows/trail/traced-input.ts'
import { freshDatabase, type TestDatabase } from '../../harness/database.ts'
import { asked } from '../../policies/asked.ts'
import { openTestJournal, quiet, trailFolder } from './trail-folder.ts'

let database: TestDatabase
let pool: pg.Pool

beforeAll(async () => {
  database = await freshDatabase()
  pool = new pg.Pool({ connectionString: database.url })
  await migrate(pool)
})
beforeEach(() => pool.query('TRUNCATE trail_batch, trail_origin, trail_outbox, policy_input, policy_input_day'))
afterAll(async () => {
  await pool.end()
  await database[Symbol.asyncDispose]()
})

const manifest = { name: 'test', volatile: [], mayIgnore: [] }
/** The journals of tests have a clock of their own. */
const EVER = 10_000
const POLICY = 'p'.repeat(64)
const shown = (tag: string) => JSON.stringify(shownTo(manifest, asked({ tag })))
const traced = (tag: string) => tracedInput(shown(tag), POLICY, [])

const judgement = (input: string, outcome: 'allow' | 'hold' | 'deny') => ({
  session: 's',
  statement: 1,
  text: `SELECT '"event":"input.recorded","journal":"x","input":"${'0'.repeat(64)}"'`,
  parameters: [],
  outcome,
  rules: [],
  policy: POLICY,
  effects: ['read'],
  relations: [],
  masks: [],
  fingerprint: '0',
  input,
})

async function all(
  options: { readonly inputsMax?: number; readonly days?: number } = {},
): Promise<readonly RecordedInput[]> {
  const found: RecordedInput[] = []
  for await (const input of stateInputs({ pool, days: 7, now: Date.now(), ...options })) found.push(input)
  return found
}

test('puts an input into the journal once, and before it what the rules read', () => {
  const events: string[] = []
  const inputs = new RecordedInputs({ append: (name) => void events.push(name) })
  const [one, two] = [traced('SELECT'), traced('INSERT')]
  for (const input of [one, two, one, one]) inputs.record(input)
  expect(events).toEqual(['policy.described', 'input.recorded', 'input.recorded'])
  expect(one.digest).toBe(inputDigest(one.input))
})

test('records again what it has forgotten, and stays small', () => {
  const events: string[] = []
  const inputs = new RecordedInputs({ append: (name) => void events.push(name) }, 32)
  for (let round = 0; round < 2; round++) for (let i = 0; i < 100; i++) inputs.record(traced(`T${i}`))
  expect(events.length).toBe(201)
})

test('keeps nothing of a secret that a statement holds', () => {
  const secret = asked({
    flags: ['contains_secret'],
    settings: [{ name: 'app.key', value: 'hunter2', scope: 'session' }],
    external: [{ kind: 'network', detail: 'host=x password=hunter2' }],
    unresolved: [{ code: 'function', detail: 'f(hunter2)' }],
  })
  const { input } = tracedInput(JSON.stringify(shownTo(manifest, secret)), POLICY, [])
  expect(JSON.stringify(input)).not.toContain('hunter2')
  expect(input.statement.settings).toEqual([{ name: 'app.key', value: null, scope: 'session' }])
  const open = { ...secret, statement: { ...secret.statement, flags: [] } }
  expect(JSON.stringify(tracedInput(JSON.stringify(shownTo(manifest, open)), POLICY, []).input)).toContain('hunter2')
})

test('counts each decision once where it is shipped, a held one when it is held', async () => {
  using folder = trailFolder()
  const journal = await openTestJournal(folder.path)
  const [read, write] = [traced('SELECT'), traced('DELETE')]
  for (const { digest, input } of [read, write, read]) journal.append('input.recorded', { digest, input })
  for (let run = 0; run < 5; run++)
    journal.append('statement.intended', { ...judgement(read.digest, 'allow'), hold: null })
  journal.append('statement.denied', judgement(write.digest, 'deny'))
  // Held, and then run by an approval, and another refused by a reviewer: one decision each, counted at the hold.
  journal.append('hold.created', { ...held, inputs: [write.digest, write.digest] })
  journal.append('statement.intended', { ...judgement(write.digest, 'hold'), hold: 'hold_1' })
  journal.append('statement.denied', judgement(write.digest, 'hold'))
  const shipper = new Shipper({ folder: folder.path, pool, log: quiet })
  await shipper.pass()
  journal.append('statement.intended', { ...judgement(read.digest, 'allow'), hold: null })
  await journal.close()
  await shipper.pass()
  await new Shipper({ folder: folder.path, pool, log: quiet }).pass()
  const found = new Map((await all({ days: EVER })).map((one) => [one.digest, one]))
  expect(found.get(read.digest)).toEqual({ digest: read.digest, input: read.input, decisions: 6 })
  expect(found.get(write.digest)).toMatchObject({ decisions: 3 })
  expect(found.size).toBe(2)
  const { rows } = await pool.query('SELECT outcome, decisions FROM policy_input_day WHERE input = $1 ORDER BY 1', [
    write.digest,
  ])
  expect(rows).toEqual([
    { outcome: 'deny', decisions: '1' },
    { outcome: 'hold', decisions: '2' },
  ])
  await expect(countStateInputs({ pool, days: EVER, now: Date.now() })).resolves.toEqual({ inputs: 2, decisions: 9 })
})

const held = {
  hold: 'hold_1',
  mode: 'wait' as const,
  session: 's',
  digest: 'd',
  statement: 'DELETE',
  identity: asked().identity,
  target: asked().target,
  rules: [],
  policy: POLICY,
}

test('gives all inputs of the last days, page by page, or a sample of them', async () => {
  await pool.query(
    `INSERT INTO policy_input SELECT md5(n::text), '{}', now() FROM generate_series(1, 2500) AS n;
     INSERT INTO policy_input_day SELECT md5(n::text), CASE WHEN n > 2400 THEN current_date - 30 ELSE current_date END, 'p', 'allow', 2
     FROM generate_series(1, 2500) AS n`,
  )
  const found = await all()
  expect(new Set(found.map(({ digest }) => digest)).size).toBe(2_400)
  expect(found.every(({ decisions }) => decisions === 2)).toBe(true)
  await expect(all({ inputsMax: 1_200 })).resolves.toHaveLength(1_200)
})

test('a late page of many reads no more than an early one', async () => {
  await pool.query(
    `INSERT INTO policy_input SELECT lpad(one::text, 64, '0'), $1, now() FROM generate_series(1, 30000) AS one`,
    [shown('SELECT')],
  )
  await pool.query("INSERT INTO policy_input_day SELECT digest, current_date, 'p', 'allow', 1 FROM policy_input")
  await pool.query('ANALYZE policy_input, policy_input_day')
  const read: number[] = []
  const explained = async (text: string, values: readonly unknown[]) => {
    const { rows } = await pool.query(`EXPLAIN (ANALYZE, FORMAT JSON) ${text}`, [...values])
    const counts = [...JSON.stringify(rows[0]).matchAll(/"Actual Rows":([\d.]+)/g)]
    for (const [, count] of counts) read.push(Number(count))
    return pool.query(text, [...values])
  }
  const watched = { query: explained } as unknown as Pick<pg.Pool, 'query'>
  let count = 0
  for await (const _ of stateInputs({ pool: watched, days: 7, now: Date.now() })) count++
  expect(count).toBe(30_000)
  // The last few thousand may be read at once; from the beginning, they would be thirty.
  expect(Math.max(...read)).toBeLessThan(10_000)
})
