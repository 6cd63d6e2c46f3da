import { afterAll, beforeAll, expect, test } from 'vitest'
import type { HoldRequest, HoldStatus } from '../../../workflows/holds/hold.ts'
import { createHolds, type KeptHolds } from '../../../workflows/holds/holds.ts'
import { openState } from '../../../workflows/state/state.ts'
import {
  answering,
  approve,
  decisionFor,
  idleQueues,
  oneDba,
  openStage,
  person,
  reject,
  request,
  type Stage,
} from '../stage.ts'

/** Two processes, in effect: each has its own holds over its own pool, and the database alone decides. */
const ROUNDS = 1_000
const AT_ONCE = 20
const TIMEOUT = { timeout: 120_000 }

let stage: Stage
let other: KeptHolds
let late: KeptHolds
const pools: ReturnType<typeof openState>[] = []
beforeAll(async () => {
  stage = await openStage()
  const elsewhere = (now = stage.now): KeptHolds => {
    const pool = openState(stage.url)
    pools.push(pool)
    return createHolds({ pool, queues: idleQueues, pendingMax: 10_000, now, log: stage.log })
  }
  other = elsewhere()
  late = elsewhere(() => stage.clock.ms + 60_000)
})
afterAll(async () => {
  await other[Symbol.asyncDispose]()
  await late[Symbol.asyncDispose]()
  await Promise.all(pools.map((pool) => pool.end()))
  await stage[Symbol.asyncDispose]()
})

interface Round {
  readonly id: string
  readonly results: readonly PromiseSettledResult<unknown>[]
}

/** Each round has a hold of its own, and what races for it starts in either order. */
async function rounds(
  changes: Partial<HoldRequest>,
  contest: (id: string) => Promise<readonly PromiseSettledResult<unknown>[]>,
): Promise<readonly Round[]> {
  const done: Round[] = []
  const one = async (): Promise<void> => {
    const { id } = await stage.holds.create(request(changes))
    done.push({ id, results: await contest(id) })
  }
  for (let n = 0; n < ROUNDS; n += AT_ONCE) await Promise.all(Array.from({ length: AT_ONCE }, one))
  expect(done).toHaveLength(ROUNDS)
  return done
}

function race<A, B>(
  one: () => Promise<A>,
  two: () => Promise<B>,
): Promise<[PromiseSettledResult<A>, PromiseSettledResult<B>]> {
  if (Math.random() < 0.5) return Promise.allSettled([one(), two()])
  const second = two()
  return Promise.allSettled([one(), second])
}

interface Ended {
  readonly status: HoldStatus
  readonly votes: number
  /** What the trail says became of it; more than one entry is two outcomes. */
  readonly settled: readonly string[]
}

/** How all of them ended, read at once. */
async function endings(all: readonly Round[]): Promise<ReadonlyMap<string, Ended>> {
  const { rows } = await stage.pool.query<Ended & { id: string }>(
    `SELECT id, status, (SELECT count(*)::int FROM vote WHERE hold = id) AS votes, settled
     FROM hold LEFT JOIN (
       SELECT event->>'hold' AS of, array_agg(event->>'status' ORDER BY id) AS settled FROM trail_outbox
       WHERE name = 'hold.settled' GROUP BY 1) AS ended ON ended.of = hold.id
     WHERE id = ANY($1)`,
    [all.map(({ id }) => id)],
  )
  return new Map(rows.map(({ id, settled, ...row }) => [id, { ...row, settled: settled ?? [] }]))
}

const won = ({ results }: Round): boolean[] => results.map(({ status }) => status === 'fulfilled')
const twoDbas = decisionFor([{ group: 'dba', count: 2 }])

test('approve against approve: both count, and the hold is approved once', TIMEOUT, async () => {
  const all = await rounds({ decision: twoDbas }, (id) =>
    race(
      () => approve(stage, id, 'ben'),
      () => approve({ holds: other }, id, 'cleo'),
    ),
  )
  const ended = await endings(all)
  for (const round of all) {
    expect(won(round)).toEqual([true, true])
    expect(ended.get(round.id)).toMatchObject({ status: 'approved', votes: 2, settled: ['approved'] })
  }
})

test('a double click: one vote', TIMEOUT, async () => {
  const all = await rounds({ decision: twoDbas }, (id) =>
    race(
      () => approve(stage, id, 'ben'),
      () => approve({ holds: other }, id, 'ben'),
    ),
  )
  const ended = await endings(all)
  for (const round of all) {
    expect(won(round).sort()).toEqual([false, true])
    expect(ended.get(round.id)).toMatchObject({ status: 'pending', votes: 1, settled: [] })
  }
})

test('approve against reject: one of them', TIMEOUT, async () => {
  const all = await rounds({}, (id) =>
    race(
      () => approve(stage, id, 'ben'),
      () => reject({ holds: other }, id, 'cleo'),
    ),
  )
  const ended = await endings(all)
  for (const round of all) {
    const status = won(round)[0] ? 'approved' : 'rejected'
    expect(ended.get(round.id)).toMatchObject({ status, votes: 1, settled: [status] })
  }
})

test('approve against expiry: the clock alone decides, and both sides agree', TIMEOUT, async () => {
  const all = await rounds({ expiryMs: 60_000 }, (id) =>
    race(
      () => approve(stage, id, 'ben'),
      () => late.expire(id),
    ),
  )
  const ended = await endings(all)
  for (const round of all) {
    const [approved, expired] = won(round)
    expect(expired).toBe(true)
    const status = approved ? 'approved' : 'expired'
    expect(ended.get(round.id)).toMatchObject({ status, settled: [status] })
  }
})

test('approve against withdraw: what was taken back never runs', TIMEOUT, async () => {
  const all = await rounds({ mode: 'wait' }, async (id) => {
    const results = await race(
      () => approve(stage, id, 'ben'),
      () => other.withdraw(id),
    )
    return [...results, ...(await Promise.allSettled([stage.holds.take(id)]))]
  })
  const ended = await endings(all)
  for (const { id, results } of all) {
    expect(results[2]).toMatchObject({ value: false })
    // An approval that came first is taken back with the rest.
    expect(ended.get(id)).toMatchObject({ status: 'withdrawn' })
    expect(ended.get(id)?.settled.at(-1)).toBe('withdrawn')
  }
})

test('two takes against a withdrawal: run once or not at all', TIMEOUT, async () => {
  const all = await rounds({ mode: 'wait' }, async (id) => {
    await approve(stage, id, 'ben')
    return Promise.allSettled([stage.holds.take(id), other.take(id), other.withdraw(id)])
  })
  const ended = await endings(all)
  for (const { id, results } of all) {
    const ran = results.slice(0, 2).filter((result) => result.status === 'fulfilled' && result.value === true)
    const withdrawn = results[2]?.status === 'fulfilled'
    expect(ran).toHaveLength(withdrawn ? 0 : 1)
    expect(ended.get(id)?.status).toBe(withdrawn ? 'withdrawn' : 'executed')
  }
})

test('deactivation against a vote: no vote of a deactivated person decides', TIMEOUT, async () => {
  const all = await rounds({}, async (id) => {
    const who = { issuer: 'https://id.example', subject: `sub-${id}`, name: 'x', kind: 'human' as const }
    await stage.directory.upsert({ ...who, groups: ['dba'] })
    return race(
      () => stage.holds.vote(id, who, { choice: 'approve', reason: null, via: 'slack' }),
      () => stage.directory.setActive(who.issuer, who.subject, false),
    )
  })
  const ended = await endings(all)
  for (const round of all) expect(ended.get(round.id)?.status).toBe(won(round)[0] ? 'approved' : 'pending')
})

/** An approval for many, and one that it let through. */
async function approvedAlike(shape: string): Promise<{ readonly approval: string; readonly through: string }> {
  const decision = { ...decisionFor(oneDba), answering: { ...answering, sameShape: { runs: 5, ms: 600_000 } } }
  const one = await stage.holds.create(request({ shape, decision }))
  await stage.holds.vote(one.id, person('ben'), { choice: 'approve', reason: null, via: 'slack', alike: true })
  const through = await stage.holds.create(request({ shape, decision }))
  expect(through.approvedThrough?.hold).toBe(one.id)
  return { approval: one.id, through: through.id }
}

test('an undone approval of many against a run of it: it runs once, or not at all', TIMEOUT, async () => {
  const runs = new Map<string, boolean>()
  const all = await rounds({}, async (id) => {
    const { approval, through } = await approvedAlike(`undone ${id}`)
    const [undone, taken] = await race(
      () => other.undoAlike(approval, person('cleo'), 'console'),
      () => stage.holds.take(through),
    )
    expect(undone.status).toBe('fulfilled')
    runs.set(through, taken.status === 'fulfilled' && taken.value)
    return Promise.allSettled([other.take(through)])
  })
  const ended = await endings([...runs.keys()].map((id) => ({ id, results: [] })))
  for (const { results } of all) expect(results[0]).toMatchObject({ value: false })
  for (const [id, ran] of runs)
    expect(ended.get(id)).toMatchObject({
      status: ran ? 'executed' : 'rejected',
      settled: ran ? ['approved'] : ['approved', 'rejected'],
    })
})

test('an undone approval of many against one that comes: nothing is let through afterwards', TIMEOUT, async () => {
  const decision = { ...decisionFor(oneDba), answering: { ...answering, sameShape: { runs: 5, ms: 600_000 } } }
  const came: string[] = []
  const all = await rounds({}, async (id) => {
    const { approval } = await approvedAlike(`late ${id}`)
    return race(
      () => other.undoAlike(approval, person('cleo'), 'console'),
      async () => void came.push((await stage.holds.create(request({ shape: `late ${id}`, decision }))).id),
    )
  })
  for (const round of all) expect(won(round)).toEqual([true, true])
  const ended = await endings(came.map((id) => ({ id, results: [] })))
  expect(ended.size).toBe(ROUNDS)
  for (const { status } of ended.values()) expect(['pending', 'rejected']).toContain(status)
})
