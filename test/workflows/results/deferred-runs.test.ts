import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { askerNow } from '../../../workflows/results/asker-now.ts'
import { createDeferredRuns, type DeferredRuns } from '../../../workflows/results/deferred-runs.ts'
import { keepRound } from '../../../workflows/results/keep-runs.ts'
import { createSeal, resultSecret } from '../../../workflows/results/seal.ts'
import { ana, approve, openStage, reportBot, request, type Stage } from '../stage.ts'

const SECRET = 'a secret of at least thirty-two characters'
const HOUR = 3_600_000
let stage: Stage
let runs: DeferredRuns
beforeAll(async () => {
  stage = await openStage()
  runs = createDeferredRuns({ pool: stage.pool, seal: createSeal(SECRET), keptMs: HOUR, now: stage.now })
})
afterAll(() => stage[Symbol.asyncDispose]())

const statement = {
  sql: 'DELETE FROM t',
  parameters: ['x', null],
  rowsMax: 5,
  door: 'http',
  application: 'a',
  provenUntil: '2030-01-01T00:00:00.000Z',
} as const

async function remembered(): Promise<string> {
  const { id } = await stage.holds.create(request({ mode: 'defer' }))
  await runs.remember(id, statement)
  return id
}

const standing = async (id: string) => (await runs.standings([id])).get(id)

async function round(runMsMax = HOUR): Promise<readonly string[]> {
  const started: string[] = []
  const queues = { startRuns: async (ids: readonly string[]) => void started.push(...ids) }
  await keepRound({ pool: stage.pool, queues, now: stage.now, log: stage.log, runMsMax })
  return started
}

test('of many who would run it one does, as it was last asked for', async () => {
  const id = await remembered()
  const later = { ...statement, provenUntil: '2031-01-01T00:00:00.000Z' }
  await runs.remember(id, later)
  const started = await Promise.all(Array.from({ length: 8 }, () => runs.start(id)))
  expect(started.filter((one) => one !== null)).toEqual([later])
  await runs.remember(id, statement)
  expect(await runs.start(id)).toBeNull()
})

test('one that nobody lived to end is said to be so, and not run again', async () => {
  const id = await remembered()
  await approve(stage, id, 'cleo')
  expect(await round()).toContain(id)
  await runs.start(id)
  expect(await round()).not.toContain(id)
  stage.clock.ms += 120_000
  await round(60_000)
  expect(await standing(id)).toMatchObject({ state: 'not_run', why: expect.stringMatching(/nobody lived/) })
  await expect(runs.fetch(id)).rejects.toMatchObject({ code: 'not_run' })
})

test('a result that is not fetched in time is let go', async () => {
  const id = await remembered()
  await runs.start(id)
  await runs.end(id, '{}')
  stage.clock.ms += HOUR + 1
  await expect(runs.fetch(id)).rejects.toMatchObject({ code: 'result_gone' })
  expect(await standing(id)).toMatchObject({ state: 'gone' })
  await round()
  const { rows } = await stage.pool.query('SELECT result FROM deferred_run WHERE hold = $1', [id])
  expect(rows).toEqual([{ result: null }])
  expect(await standing(id)).toMatchObject({ state: 'gone' })
})

test('a result that is there just after it was looked for is given out, and not called gone', async () => {
  const id = await remembered()
  await runs.start(id)
  const pool = Object.create(stage.pool) as typeof stage.pool
  pool.query = (async (text: string, values: readonly unknown[]) => {
    if (text.includes('status')) await runs.end(id, '{"tag":"DELETE 1"}')
    return stage.pool.query(text, [...values])
  }) as typeof stage.pool.query
  const racing = createDeferredRuns({ pool, seal: createSeal(SECRET), keptMs: HOUR, now: stage.now })
  expect(await racing.fetch(id)).toBe('{"tag":"DELETE 1"}')
  await expect(racing.fetch(id)).rejects.toMatchObject({
    code: 'result_gone',
    message: expect.stringMatching(/has been fetched/),
  })
})

test('what is sealed opens for its own hold, purpose and key only', () => {
  const seal = createSeal(SECRET)
  const sealed = seal.close('the rows', 'hold_1', 'result')
  expect(seal.open(sealed, seal.keyId, 'hold_1', 'result')).toBe('the rows')
  expect(sealed.equals(seal.close('the rows', 'hold_1', 'result'))).toBe(false)
  const flipped = Buffer.from(sealed)
  flipped[30] = (flipped[30] as number) ^ 1
  const other = createSeal(`${SECRET}!`)
  for (const open of [
    () => seal.open(sealed, seal.keyId, 'hold_2', 'result'),
    () => seal.open(sealed, seal.keyId, 'hold_1', 'statement'),
    () => seal.open(flipped, seal.keyId, 'hold_1', 'result'),
    () => seal.open(sealed.subarray(0, 20), seal.keyId, 'hold_1', 'result'),
    () => other.open(sealed, other.keyId, 'hold_1', 'result'),
    () => other.open(sealed, seal.keyId, 'hold_1', 'result'),
  ])
    expect(open).toThrow(expect.objectContaining({ code: 'other_key' }))
})

test('a key is made once and kept where only its owner reads it', () => {
  const folder = mkdtempSync(join(tmpdir(), 'holdpoint-key-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const made = resultSecret(undefined, folder)
  expect(resultSecret(undefined, folder)).toBe(made)
  expect(readFileSync(join(folder, 'result-key'), 'utf8')).toBe(made)
  expect(statSync(join(folder, 'result-key')).mode & 0o777).toBe(0o600)
  expect(resultSecret('configured', folder)).toBe('configured')
})

test('the asker is who they are by now', async () => {
  const serviceTokens = { list: async () => [] }
  const now = (identity: typeof ana) =>
    askerNow(identity, { directory: stage.directory, serviceTokens, now: stage.now })
  const left = { ...ana, groups: ['engineers', 'dba'] }
  expect(await now(left)).toMatchObject({ identity: { groups: ['engineers'] } })
  expect(await now({ ...reportBot, actsFor: left })).toMatchObject({ identity: { actsFor: { groups: ['engineers'] } } })
  expect(await now({ ...ana, expiresAt: new Date(stage.clock.ms).toISOString() })).toHaveProperty('why')
  expect(await now({ ...ana, provenBy: 'service_token' })).toHaveProperty('why')
  await stage.pool.query("UPDATE person SET active = false WHERE subject = 'sub-ana'")
  expect(await now(ana)).toMatchObject({ why: expect.stringMatching(/deactivated/) })
  expect(await now(reportBot)).toMatchObject({ why: expect.stringMatching(/deactivated/) })
})
