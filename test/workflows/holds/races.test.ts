import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Hold } from '../../../workflows/holds/hold.ts'
import { createHolds, type KeptHolds } from '../../../workflows/holds/holds.ts'
import { approve, decisionFor, idleQueues, openStage, reject, request, type Stage } from '../stage.ts'

/** Two processes, in effect: each has its own holds over its own pool, and the database alone decides. */
const ROUNDS = 300
const AT_ONCE = 5

let stage: Stage
let other: KeptHolds
beforeAll(async () => {
  stage = await openStage()
  other = createHolds({ pool: stage.pool, queues: idleQueues, pendingMax: 10_000, now: stage.now, log: stage.log })
})
afterAll(async () => {
  await other[Symbol.asyncDispose]()
  await stage[Symbol.asyncDispose]()
})

async function rounds(round: () => Promise<void>): Promise<void> {
  for (let n = 0; n < ROUNDS; n += AT_ONCE) await Promise.all(Array.from({ length: AT_ONCE }, round))
}

/** Both at the same instant, in either order of departure. */
function race<A, B>(
  one: () => Promise<A>,
  two: () => Promise<B>,
): Promise<[PromiseSettledResult<A>, PromiseSettledResult<B>]> {
  if (Math.random() < 0.5) return Promise.allSettled([one(), two()])
  const second = two()
  return Promise.allSettled([one(), second])
}

/** What the trail says became of a hold; more than one entry is two outcomes. */
async function settlings(id: string): Promise<unknown[]> {
  const { rows } = await stage.pool.query(
    "SELECT event->>'status' AS status FROM trail_outbox WHERE name = 'hold.settled' AND event->>'hold' = $1",
    [id],
  )
  return rows.map(({ status }) => status)
}

const wins = (results: PromiseSettledResult<unknown>[]): boolean[] =>
  results.map(({ status }) => status === 'fulfilled')

test('approve against approve: both count, and the hold is approved once', { timeout: 120_000 }, async () => {
  await rounds(async () => {
    const { id } = await stage.holds.create(request({ decision: decisionFor([{ group: 'dba', count: 2 }]) }))
    const results = await race(
      () => approve(stage, id, 'ben'),
      () => approve({ holds: other }, id, 'cleo'),
    )
    expect(wins(results)).toEqual([true, true])
    expect(await stage.holds.find(id)).toMatchObject({ status: 'approved', votes: [{}, {}] })
    expect(await settlings(id)).toEqual(['approved'])
  })
})

test('a double click: one vote', { timeout: 120_000 }, async () => {
  await rounds(async () => {
    const { id } = await stage.holds.create(request({ decision: decisionFor([{ group: 'dba', count: 2 }]) }))
    const results = await race(
      () => approve(stage, id, 'ben'),
      () => approve({ holds: other }, id, 'ben'),
    )
    expect(wins(results).sort()).toEqual([false, true])
    expect(await stage.holds.find(id)).toMatchObject({ status: 'pending', votes: [{}] })
  })
})

test('approve against reject: one of them', { timeout: 120_000 }, async () => {
  await rounds(async () => {
    const { id } = await stage.holds.create(request())
    const [approved] = await race(
      () => approve(stage, id, 'ben'),
      () => reject({ holds: other }, id, 'cleo'),
    )
    const hold = await stage.holds.find(id)
    expect(hold).toMatchObject({ status: approved.status === 'fulfilled' ? 'approved' : 'rejected', votes: [{}] })
    expect(await settlings(id)).toEqual([hold?.status])
  })
})

test('approve against expiry: the clock alone decides, and both sides agree', { timeout: 120_000 }, async () => {
  const late = createHolds({
    pool: stage.pool,
    queues: idleQueues,
    pendingMax: 10_000,
    now: () => stage.clock.ms + 60_000,
    log: stage.log,
  })
  await rounds(async () => {
    const { id } = await stage.holds.create(request({ expiryMs: 60_000 }))
    const [approved, expired] = await race(
      () => approve(stage, id, 'ben'),
      () => late.expire(id),
    )
    expect(expired.status).toBe('fulfilled')
    const hold = (await stage.holds.find(id)) as Hold
    expect(hold.status).toBe(approved.status === 'fulfilled' ? 'approved' : 'expired')
    expect(await settlings(id)).toEqual([hold.status])
  })
  await late[Symbol.asyncDispose]()
})

test('approve against withdraw: what was taken back never runs', { timeout: 120_000 }, async () => {
  await rounds(async () => {
    const { id } = await stage.holds.create(request({ mode: 'wait' }))
    await race(
      () => approve(stage, id, 'ben'),
      () => other.withdraw(id),
    )
    // An approval that came first is taken back with the rest.
    expect((await stage.holds.find(id))?.status).toBe('withdrawn')
    expect(await stage.holds.take(id)).toBe(false)
  })
})

test('take against withdraw, and against a second take: once or not at all', { timeout: 120_000 }, async () => {
  await rounds(async () => {
    const { id } = await stage.holds.create(request({ mode: 'wait' }))
    await approve(stage, id, 'ben')
    const [[first, second], withdrawn] = await Promise.all([
      race(
        () => stage.holds.take(id),
        () => other.take(id),
      ),
      other.withdraw(id).then(
        () => true,
        () => false,
      ),
    ])
    const ran = [first, second].filter((result) => result.status === 'fulfilled' && result.value).length
    expect(ran).toBe(withdrawn ? 0 : 1)
    expect((await stage.holds.find(id))?.status).toBe(withdrawn ? 'withdrawn' : 'executed')
  })
})

test('eight takes of one grant: one', { timeout: 120_000 }, async () => {
  await rounds(async () => {
    const { id } = await stage.holds.create(request())
    await approve(stage, id, 'ben')
    const taken = await Promise.all(Array.from({ length: 8 }, (_, n) => (n % 2 ? stage.holds : other).take(id)))
    expect(taken.filter(Boolean)).toHaveLength(1)
  })
})

test('deactivation against a vote: no vote of a deactivated person decides', { timeout: 120_000 }, async () => {
  await rounds(async () => {
    const who = { issuer: 'https://id.example', subject: `sub-${Math.random()}`, name: 'x', kind: 'human' as const }
    await stage.directory.upsert({ ...who, groups: ['dba'] })
    const { id } = await stage.holds.create(request())
    const [vote] = await race(
      () => stage.holds.vote(id, who, { choice: 'approve', reason: null, via: 'slack' }),
      () => stage.directory.setActive(who.issuer, who.subject, false),
    )
    expect((await stage.holds.find(id))?.status).toBe(vote.status === 'fulfilled' ? 'approved' : 'pending')
  })
})
