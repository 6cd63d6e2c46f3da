import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Hold, HoldStatus } from '../../../workflows/holds/hold.ts'
import { createHolds } from '../../../workflows/holds/holds.ts'
import { QueueError } from '../../../workflows/queues/errors.ts'
import {
  ana,
  approve,
  decisionFor,
  idleQueues,
  openStage,
  person,
  reject,
  reportBot,
  request,
  type Stage,
} from '../stage.ts'

let stage: Stage
beforeAll(async () => {
  stage = await openStage()
})
afterAll(() => stage[Symbol.asyncDispose]())

const done = { ok: true, tag: 'DELETE 3', durationMs: 12 }

/** Every way into each status, with a hold whose client waits. */
const reach: Record<HoldStatus, (id: string) => Promise<unknown>> = {
  pending: async () => undefined,
  approved: (id) => approve(stage, id, 'ben'),
  executed: async (id) => {
    await approve(stage, id, 'ben')
    await stage.holds.take(id)
  },
  rejected: (id) => reject(stage, id, 'ben'),
  expired: async (id) => {
    stage.clock.ms += 900_000
    await stage.holds.expire(id)
  },
  withdrawn: (id) => stage.holds.withdraw(id),
  abandoned: (id) => stage.holds.abandon(id),
}

/** Every move, tried from every status; what is not named leaves the hold as it was. */
const moves: Record<
  string,
  { move: (id: string) => Promise<unknown>; leads: Partial<Record<HoldStatus, HoldStatus>> }
> = {
  approve: { move: (id) => approve(stage, id, 'dora'), leads: { pending: 'approved' } },
  reject: { move: (id) => reject(stage, id, 'dora'), leads: { pending: 'rejected' } },
  take: { move: (id) => stage.holds.take(id), leads: { approved: 'executed' } },
  withdraw: { move: (id) => stage.holds.withdraw(id), leads: { pending: 'withdrawn', approved: 'withdrawn' } },
  abandon: { move: (id) => stage.holds.abandon(id), leads: { pending: 'abandoned', approved: 'abandoned' } },
  'expire too early': { move: (id) => stage.holds.expire(id), leads: {} },
  'expire in time': {
    move: (id) => {
      stage.clock.ms += 900_000
      return stage.holds.expire(id)
    },
    leads: { pending: 'expired', approved: 'expired' },
  },
}

describe.each(Object.keys(reach) as HoldStatus[])('from %s', (from) => {
  test.each(Object.entries(moves))('%s', async (_name, { move, leads }) => {
    const { id } = await stage.holds.create(request({ mode: 'wait' }))
    await reach[from](id)
    const before = await stage.holds.find(id)
    expect(before?.status).toBe(from)
    await move(id).catch((error: unknown) => expect(error).toMatchObject({ code: 'not_pending' }))
    const after = await stage.holds.find(id)
    expect(after?.status).toBe(leads[from] ?? from)
    if (leads[from] === undefined) expect(after).toEqual(before)
  })
})

test('keeps what was asked, to the last character', async () => {
  const asked = request({ statement: "SELECT '\u202e\ud800' -- \0", reason: 'because' })
  const hold = await stage.holds.create(asked)
  expect(hold).toMatchObject(asked)
  expect(await stage.holds.find(hold.id)).toEqual(hold)
  expect(hold.id).toMatch(/^hold_[\w-]{22}$/)
})

test('waits as long as the shorter of what policy and session say', async () => {
  const hold = await stage.holds.create(request({ expiryMs: 60_000 }))
  expect(hold.expiresAt).toBe(new Date(stage.clock.ms + 60_000).toISOString())
  const longer = await stage.holds.create(request({ expiryMs: 9_999_999 }))
  expect(longer.expiresAt).toBe(new Date(stage.clock.ms + 900_000).toISOString())
})

describe('the same statement again', () => {
  test('is the same hold while it is pending', async () => {
    const asked = request()
    const holds = await Promise.all(
      Array.from({ length: 10 }, (_, n) => stage.holds.create({ ...asked, sessionId: `s${n}` })),
    )
    expect(new Set(holds.map(({ id }) => id)).size).toBe(1)
    expect((await stage.trail('hold.created')).filter(({ hold }) => hold === holds[0]?.id)).toHaveLength(1)
  })

  test.each([
    { what: 'another identity', changes: { identity: { ...ana, ...person('eve') } } },
    {
      what: 'another person acted for',
      changes: { identity: { ...reportBot, actsFor: { ...person('eve'), name: 'eve', groups: [] } } },
    },
    { what: 'another digest', changes: { digest: 'other' } },
  ])('is another hold for $what', async ({ changes }) => {
    const asked = request({ identity: reportBot })
    const one = await stage.holds.create(asked)
    expect((await stage.holds.create({ ...asked, ...changes })).id).not.toBe(one.id)
  })

  test('is another hold for each session that waits, so that each approval runs one', async () => {
    const asked = request({ mode: 'wait' })
    const one = await stage.holds.create({ ...asked, sessionId: 'a' })
    const other = await stage.holds.create({ ...asked, sessionId: 'b' })
    expect(other.id).not.toBe(one.id)
    await approve(stage, one.id, 'ben')
    expect([await stage.holds.take(other.id), await stage.holds.take(one.id)]).toEqual([false, true])
  })

  test.each(['settled', 'past its expiry'])('is a new hold when the first is %s', async (how) => {
    const asked = request()
    const one = await stage.holds.create(asked)
    if (how === 'settled') await reject(stage, one.id, 'ben')
    else stage.clock.ms += 900_000
    const other = await stage.holds.create(asked)
    expect(other).toMatchObject({ status: 'pending', votes: [] })
    expect(other.id).not.toBe(one.id)
    expect((await stage.holds.find(one.id))?.status).toBe(how === 'settled' ? 'rejected' : 'expired')
  })
})

describe('a grant', () => {
  const granted = async (changes = {}): Promise<Hold> => {
    const { id } = await stage.holds.create(request(changes))
    return approve(stage, id, 'ben')
  }

  test('is found by its identity and digest, and used once', async () => {
    const { id, digest } = await granted()
    expect(await stage.holds.grantFor(ana, digest, [])).toMatchObject({ id })
    expect(await stage.holds.take(id)).toBe(true)
    expect(await stage.holds.take(id)).toBe(false)
    expect(await stage.holds.grantFor(ana, digest, [])).toBeNull()
  })

  test('is not for others', async () => {
    const { digest } = await granted({ identity: reportBot })
    const eves = { ...reportBot, actsFor: { ...person('eve'), name: 'eve', groups: [] } }
    for (const other of [ana, { ...reportBot, actsFor: null }, eves]) {
      expect(await stage.holds.grantFor(other, digest, [])).toBeNull()
    }
    expect(await stage.holds.grantFor({ ...reportBot, name: 'renamed', groups: [] }, digest, [])).not.toBeNull()
  })

  test('is not for another digest', async () => {
    await granted()
    expect(await stage.holds.grantFor(ana, 'something else', [])).toBeNull()
  })

  test('of a client that waits is that client’s alone', async () => {
    const { digest } = await granted({ mode: 'wait' })
    expect(await stage.holds.grantFor(ana, digest, [])).toBeNull()
  })

  test('ends by the clock, although no job has run', async () => {
    const { id, digest } = await granted()
    stage.clock.ms += 599_999
    expect(await stage.holds.grantFor(ana, digest, [])).not.toBeNull()
    stage.clock.ms += 1
    expect(await stage.holds.grantFor(ana, digest, [])).toBeNull()
    expect(await stage.holds.take(id)).toBe(false)
    expect((await stage.holds.find(id))?.status).toBe('approved')
    expect(await stage.holds.expire(id)).toBe(true)
  })
})

describe('an outcome', () => {
  test('is kept once and does not change the status', async () => {
    const { id } = await stage.holds.create(request())
    await reach.executed(id)
    await stage.holds.complete(id, done)
    await stage.holds.complete(id, { ...done, ok: false })
    expect(await stage.holds.find(id)).toMatchObject({ status: 'executed', outcome: done })
    expect((await stage.trail('hold.completed')).filter(({ hold }) => hold === id)).toEqual([
      { hold: id, outcome: done },
    ])
  })

  test('of a hold that was not taken is a mistake', async () => {
    const { id } = await stage.holds.create(request())
    await expect(stage.holds.complete(id, done)).rejects.toMatchObject({ code: 'not_executed' })
  })
})

describe('taking back', () => {
  test.each([
    { who: 'ana', allowed: true },
    { who: 'report-bot', allowed: true },
    { who: 'ben', allowed: false },
  ])('by $who: $allowed', async ({ who, allowed }) => {
    const { id } = await stage.holds.create(request({ identity: reportBot }))
    const withdrawn = stage.holds.withdraw(id, person(who))
    if (allowed) await expect(withdrawn).resolves.toMatchObject({ status: 'withdrawn' })
    else await expect(withdrawn).rejects.toMatchObject({ code: 'not_yours' })
  })

  test('twice is once, and after an answer an error', async () => {
    const { id } = await stage.holds.create(request())
    await stage.holds.withdraw(id)
    await expect(stage.holds.withdraw(id)).resolves.toMatchObject({ status: 'withdrawn' })
    const other = await stage.holds.create(request())
    await reject(stage, other.id, 'ben')
    await expect(stage.holds.withdraw(other.id)).rejects.toMatchObject({ code: 'not_pending' })
  })

  test('a client that does not wait cannot vanish', async () => {
    const { id } = await stage.holds.create(request({ mode: 'error' }))
    await expect(stage.holds.abandon(id)).resolves.toMatchObject({ status: 'pending' })
  })
})

test('refuses to hold what nobody could approve', async () => {
  const asked = request({ decision: decisionFor([]) })
  await expect(stage.holds.create(asked)).rejects.toMatchObject({ code: 'no_reviewers' })
})

test('refuses more holds than may be pending, and still finds those that are', async () => {
  await using full = await openStage({ pendingMax: 2 })
  const asked = request()
  const first = await full.holds.create(asked)
  const second = await full.holds.create(request())
  await expect(full.holds.create(request())).rejects.toMatchObject({ code: 'too_many' })
  expect((await full.holds.create(asked)).id).toBe(first.id)
  await full.holds.withdraw(second.id)
  await expect(full.holds.create(request())).resolves.toMatchObject({ status: 'pending' })
})

test('takes the hold back and refuses when nobody can be told of it', async () => {
  const queues = { ...idleQueues, announce: () => Promise.reject(new QueueError('The queue does not answer')) }
  const holds = createHolds({ pool: stage.pool, queues, pendingMax: 10_000, now: stage.now, log: stage.log })
  const asked = request()
  await expect(holds.create(asked)).rejects.toMatchObject({ code: 'queue_unreachable' })
  const withdrawn = await stage.holds.list({ status: 'withdrawn', limit: 1_000 })
  expect(withdrawn.map(({ digest }) => digest)).toContain(asked.digest)
})

test('lists the newest first, by status, within a bound', async () => {
  await using empty = await openStage()
  const ids: string[] = []
  for (let n = 0; n < 5; n++) {
    empty.clock.ms += 1
    ids.unshift((await empty.holds.create(request())).id)
  }
  await approve(empty, ids[2] as string, 'ben')
  const listed = async (filter: Parameters<typeof empty.holds.list>[0]) =>
    (await empty.holds.list(filter)).map(({ id }) => id)
  expect(await listed({})).toEqual(ids)
  expect(await listed({ limit: 2 })).toEqual(ids.slice(0, 2))
  expect(await listed({ status: 'approved' })).toEqual([ids[2]])
  expect((await empty.holds.list({ status: 'approved' }))[0]?.votes).toHaveLength(1)
})
