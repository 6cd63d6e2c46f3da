import pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { migrate } from '../../../workflows/state/migrate.ts'
import { forgetInputs, keepInputs } from '../../../workflows/trail/keep-inputs.ts'
import { RecordedInputs } from '../../../workflows/trail/recorded-inputs.ts'
import { tracedInput } from '../../../workflows/trail/traced-input.ts'
import { freshDatabase, type TestDatabase } from '../../harness/database.ts'
import { asked } from '../../policies/asked.ts'
import { quiet } from './trail-folder.ts'

const NOW = Date.UTC(2026, 10, 21, 12)
const DAY_MS = 86_400_000
let database: TestDatabase
let pool: pg.Pool
beforeAll(async () => {
  database = await freshDatabase()
  pool = new pg.Pool({ connectionString: database.url })
  await migrate(pool)
})
afterAll(async () => {
  await pool.end()
  await database[Symbol.asyncDispose]()
})

async function kept(): Promise<readonly string[]> {
  const { rows } = await pool.query<{ digest: string }>('SELECT digest FROM policy_input ORDER BY digest')
  return rows.map(({ digest }) => digest)
}

async function decided(digest: string, firstSeenDaysAgo: number, ...daysAgo: number[]): Promise<void> {
  const at = (days: number): Date => new Date(NOW - days * DAY_MS)
  await pool.query("INSERT INTO policy_input VALUES ($1, '{}', $2)", [digest, at(firstSeenDaysAgo)])
  for (const days of daysAgo)
    await pool.query("INSERT INTO policy_input_day VALUES ($1, $2, 'p', 'allow', 3)", [digest, at(days)])
}

test('an input goes with the last day on which something was decided by it', async () => {
  await decided('old', 200, 200, 91)
  await decided('old and used', 200, 200, 89)
  await decided('never decided by', 91)
  await decided('new', 1, 1)
  await decided('new and not decided by yet', 0)
  expect(await forgetInputs({ pool, keptDays: 90, now: () => NOW })).toBe(2)
  expect(await kept()).toEqual(['new', 'new and not decided by yet', 'old and used'])
  const { rows } = await pool.query('SELECT count(*)::int AS days FROM policy_input_day')
  expect(rows).toEqual([{ days: 2 }])
})

test('goes on until all of it is forgotten, however much there is', async () => {
  await pool.query('TRUNCATE policy_input, policy_input_day')
  await pool.query(`
    INSERT INTO policy_input SELECT md5(n::text), '{}', now() - interval '400 days' FROM generate_series(1, 12000) AS n;
    INSERT INTO policy_input_day SELECT md5(n::text), current_date - 400, 'p', 'allow', 1 FROM generate_series(1, 12000) AS n`)
  const keeping = keepInputs({ pool, keptDays: 90, now: Date.now, log: quiet })
  await keeping.close()
  expect(await kept()).toEqual([])
})

test('the trail keeps what it says of them', async () => {
  const line = '{"at":"2026-01-01T00:00:00.000Z","body":{"judgement":{"input":"old"}}}'
  await pool.query("INSERT INTO trail_row (journal, seq, line, hash, at) VALUES ('j', 0, $1, sha256('x'), now())", [
    line,
  ])
  await decided('old', 200, 200)
  await forgetInputs({ pool, keptDays: 90, now: () => NOW })
  const { rows } = await pool.query("SELECT line FROM trail_record WHERE journal = 'j'")
  expect([await kept(), rows]).toEqual([[], [{ line }]])
})

test('a process records an input anew after a day, so that none is missing that is decided by', () => {
  let now = NOW
  const recorded: string[] = []
  const inputs = new RecordedInputs({ append: (name) => void recorded.push(name) }, 100, () => now)
  const input = tracedInput(JSON.stringify(asked({ tag: 'SELECT' })), 'p', [])
  for (const afterMs of [0, DAY_MS - 1, 1]) {
    now += afterMs
    inputs.record(input)
  }
  expect(recorded).toEqual(['policy.described', 'input.recorded', 'input.recorded'])
})
