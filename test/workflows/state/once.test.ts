import type pg from 'pg'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { createHolds, type KeptHolds } from '../../../workflows/holds/holds.ts'
import { inTransactionOnce, onceMore } from '../../../workflows/state/once.ts'
import { openState } from '../../../workflows/state/state.ts'
import { rowsOf } from '../../../workflows/state/transaction.ts'
import { ana, idleQueues, openStage, person, request, type Stage } from '../stage.ts'
import { type CuttingRelay, cuttingRelay } from './cutting-relay.ts'

/** Exactly once, whenever the connection to the state database is lost. */
let stage: Stage
let relay: CuttingRelay
let pool: pg.Pool
let holds: KeptHolds
beforeAll(async () => {
  stage = await openStage()
  relay = await cuttingRelay(stage.url)
  pool = openState(relay.url)
  holds = createHolds({
    pool,
    queues: idleQueues,
    pendingMax: 1_000,
    now: stage.now,
    log: stage.log,
    pollMs: 3_600_000,
  })
  await stage.pool.query('CREATE TABLE done (n int)')
})
afterAll(async () => {
  await holds?.[Symbol.asyncDispose]()
  await pool?.end()
  await relay?.[Symbol.asyncDispose]()
  await stage?.[Symbol.asyncDispose]()
})
beforeEach(() => stage.pool.query('TRUNCATE done'))

const rows = async (): Promise<number> => (await stage.pool.query('SELECT FROM done')).rowCount ?? 0
let tries = 0
const insert = async (client: pg.PoolClient): Promise<string> => {
  tries++
  await client.query('INSERT INTO done VALUES (1)')
  return 'done'
}

describe('a transaction', () => {
  beforeEach(() => {
    tries = 0
  })

  test('whose connection is lost before it commits is done again', async () => {
    relay.loseAnswerTo('INSERT INTO done')
    expect(await inTransactionOnce(pool, insert)).toBe('done')
    expect([tries, await rows()]).toEqual([2, 1])
  })

  test('whose connection is lost as it begins is done again', async () => {
    relay.loseAnswerTo('BEGIN')
    expect(await inTransactionOnce(pool, insert)).toBe('done')
    expect([tries, await rows()]).toEqual([1, 1])
  })

  test('of whose commit nobody hears is not, and gives its result', async () => {
    const before = relay.cuts
    relay.loseAnswerTo('COMMIT')
    expect(await inTransactionOnce(pool, insert)).toBe('done')
    expect([tries, await rows(), relay.cuts - before]).toEqual([1, 1, 1])
  })

  test('whose mistake is its own is not done again', async () => {
    const mistaken = inTransactionOnce(pool, async (client) => {
      tries++
      await client.query('SELECT nonsense')
    })
    await expect(mistaken).rejects.toMatchObject({ code: 'failed' })
    expect(tries).toBe(1)
  })

  test('that takes too long is not tried for as long again', async () => {
    const slow = inTransactionOnce(pool, async (client) => {
      tries++
      await client.query('SET LOCAL statement_timeout = 20')
      await client.query('SELECT pg_sleep(30)')
    })
    await expect(slow).rejects.toMatchObject({ cause: { code: '57014' } })
    expect(tries).toBe(1)
  })

  test('is lost where it is lost twice', async () => {
    const twice = inTransactionOnce(pool, async (client) => {
      tries++
      await client.query('SELECT pg_terminate_backend(pg_backend_pid())')
    })
    await expect(twice).rejects.toMatchObject({ code: 'unreachable' })
    expect(tries).toBe(2)
  })
})

test('what is asked once more is told that it is', async () => {
  const asked: string[] = []
  const answer = await onceMore(async (which) => {
    asked.push(which)
    if (which === 'first') relay.loseAnswerTo('SELECT 42')
    return rowsOf(pool, 'SELECT 42 AS n')
  })
  expect(answer).toEqual([{ n: 42 }])
  expect(asked).toEqual(['first', 'again'])
})

describe.each(['BEGIN', 'WITH voted', 'COMMIT'])('a vote that loses its connection at %s', (at) => {
  test('counts once and says what came of it', async () => {
    const { id } = await holds.create(request())
    relay.loseAnswerTo(at)
    const hold = await holds.vote(id, person('ben'), { choice: 'approve', reason: null, via: 'console' })
    expect(hold).toMatchObject({ status: 'approved', votes: [{ voter: { subject: 'sub-ben' } }] })
    const { rows: votes } = await stage.pool.query('SELECT FROM vote WHERE hold = $1', [id])
    expect(votes).toHaveLength(1)
    const said = await stage.trail('hold.voted')
    expect(said.filter(({ hold: of }) => of === id)).toHaveLength(1)
    await expect(
      holds.vote(id, person('dora'), { choice: 'approve', reason: null, via: 'console' }),
    ).rejects.toMatchObject({ code: 'not_pending' })
  })
})

test('a vote on pooled connections that have just been cut needs no second click', async () => {
  const made = await Promise.all(Array.from({ length: 6 }, () => holds.create(request())))
  await Promise.all(Array.from({ length: 8 }, () => pool.query('SELECT pg_sleep(0.05)')))
  relay.cutAll()
  for (const { id } of made) {
    const hold = await holds.vote(id, person('ben'), { choice: 'approve', reason: null, via: 'console' })
    expect(hold.status).toBe('approved')
    relay.cutAll()
  }
})

test('whoever takes an approval and hears no answer has taken it, and nobody else has', async () => {
  const { id } = await holds.create(request())
  await holds.vote(id, person('ben'), { choice: 'approve', reason: null, via: 'console' })
  relay.loseAnswerTo('UPDATE hold SET status')
  expect(await holds.take(id)).toBe(true)
  expect(await holds.take(id)).toBe(false)
  const taken = await stage.trail('hold.taken')
  expect(taken.filter(({ hold }) => hold === id)).toHaveLength(1)
})

test('what is withdrawn, created or reviewed while a connection is lost is so once', async () => {
  const asked = request()
  relay.loseAnswerTo('COMMIT')
  const { id } = await holds.create(asked)
  const { rows: made } = await stage.pool.query('SELECT FROM hold WHERE digest = $1', [asked.digest])
  expect(made).toHaveLength(1)
  relay.loseAnswerTo('COMMIT')
  await expect(holds.giveReason(id, ana, 'ticket 7')).resolves.toMatchObject({ reason: 'ticket 7' })
  relay.loseAnswerTo('UPDATE hold SET status')
  await expect(holds.withdraw(id, ana)).resolves.toMatchObject({ status: 'withdrawn' })
})
