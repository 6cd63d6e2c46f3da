import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import type { Answering } from '../../../policies/answering.ts'
import { createDelegations, type Delegations } from '../../../workflows/directory/delegations.ts'
import type { Hold } from '../../../workflows/holds/hold.ts'
import { createHolds } from '../../../workflows/holds/holds.ts'
import { reviewersAt } from '../../../workflows/holds/reviewers.ts'
import {
  answering,
  approve,
  decisionFor,
  idleQueues,
  oneDba,
  openStage,
  person,
  reject,
  reportBot,
  request,
  type Stage,
} from '../stage.ts'

let stage: Stage
let delegations: Delegations
beforeAll(async () => {
  stage = await openStage()
  delegations = createDelegations(stage.pool, stage.now)
  await stage.pool.query("INSERT INTO delivery (name, active) VALUES ('mail', true)")
})
afterAll(() => stage[Symbol.asyncDispose]())
beforeEach(() => stage.pool.query('DELETE FROM delegation'))

function held(more: Partial<Answering>, changes = {}, reviewers: Parameters<typeof decisionFor>[0] = oneDba) {
  const decision = { ...decisionFor(reviewers), answering: { ...answering, ...more } }
  return stage.holds.create(request({ decision, ...changes }))
}

async function noticesOf({ id }: Hold): Promise<string[]> {
  const { rows } = await stage.pool.query('SELECT reason FROM outbox WHERE hold = $1 ORDER BY id', [id])
  return rows.map(({ reason }) => reason)
}

describe('while nobody answers', () => {
  test('reviewers are reminded once, when it is time', async () => {
    const hold = await held({ remindMs: 60_000 })
    await stage.holds.due(hold.id)
    expect(await noticesOf(hold)).toEqual(['created'])
    stage.clock.ms += 60_000
    for (let n = 0; n < 3; n++) await stage.holds.due(hold.id)
    expect(await noticesOf(hold)).toEqual(['created', 'reminded'])
    expect((await stage.holds.find(hold.id))?.remindedAt).toBe(new Date(stage.clock.ms).toISOString())
    expect(await stage.trail('hold.reminded')).toContainEqual({ hold: hold.id })
  })

  test('nobody is reminded of what is answered or over, nor told to hurry when it ends sooner', async () => {
    const [answered, over] = [await held({ remindMs: 60_000 }), await held({ remindMs: 60_000 })]
    const short = await held({ remindMs: 60_000 }, { expiryMs: 60_000 })
    await approve(stage, answered.id, 'ben')
    stage.clock.ms += 900_000
    for (const { id } of [answered, over, short]) await stage.holds.due(id)
    for (const hold of [answered, over, short]) expect(await noticesOf(hold)).not.toContain('reminded')
    expect((await stage.holds.find(over.id))?.status).toBe('expired')
  })

  test('it is escalated: the second group is told and may answer from then on', async () => {
    const hold = await held({ escalate: { group: 'admins', afterMs: 60_000 } })
    await expect(approve(stage, hold.id, 'eve')).rejects.toMatchObject({ code: 'not_a_reviewer' })
    stage.clock.ms += 60_000
    await stage.holds.due(hold.id)
    expect(await noticesOf(hold)).toEqual(['created', 'escalated'])
    expect(await stage.trail('hold.escalated')).toContainEqual({ hold: hold.id, group: 'admins' })
    expect(await approve(stage, hold.id, 'eve')).toMatchObject({ status: 'approved' })
  })

  test('whether the job came or not: the clock escalates, too', async () => {
    const hold = await held({ escalate: { group: 'admins', afterMs: 60_000 } })
    stage.clock.ms += 60_000
    expect(await approve(stage, hold.id, 'eve')).toMatchObject({ status: 'approved' })
    expect(await noticesOf(hold)).toEqual(['created', 'escalated', 'settled'])
  })

  test('escalated, it still needs as many people', async () => {
    const hold = await held({ escalate: { group: 'admins', afterMs: 60_000 } }, {}, [{ group: 'dba', count: 2 }])
    stage.clock.ms += 60_000
    expect(await approve(stage, hold.id, 'eve')).toMatchObject({ status: 'pending' })
    expect(await approve(stage, hold.id, 'ben')).toMatchObject({ status: 'approved' })
  })
})

describe('on call', () => {
  const shiftMs = 3_600_000

  test('whoever is on duty at the moment of the vote may answer, and who was is not asked any more', async () => {
    const startsAt = new Date(stage.clock.ms).toISOString()
    const onCall = [{ group: 'dba', startsAt, shiftMs, shifts: [[person('eve')], [person('cleo')]] }]
    const [first, second] = [await held({ onCall }), await held({ onCall }, { expiryMs: 8_000_000 })]
    await expect(approve(stage, first.id, 'ben')).rejects.toMatchObject({ code: 'not_a_reviewer' })
    expect(await approve(stage, first.id, 'eve')).toMatchObject({ status: 'approved' })
    stage.clock.ms += shiftMs
    const third = await held({ onCall })
    await expect(approve(stage, third.id, 'eve')).rejects.toMatchObject({ code: 'not_a_reviewer' })
    expect(await approve(stage, third.id, 'cleo')).toMatchObject({ status: 'approved' })
    expect(second.id).not.toBe(first.id)
  })
})

describe('while somebody is away', () => {
  const away = async (from: string, to: string, ms = 3_600_000): Promise<string> =>
    (
      await delegations.delegate({
        from: person(from),
        to: person(to),
        startsAt: new Date(stage.clock.ms),
        endsAt: new Date(stage.clock.ms + ms),
      })
    ).id
  const delegates = { dba: ['admins'] }

  test('their delegate answers in their place, and the record says for whom', async () => {
    await away('dora', 'eve')
    const { id } = await held({ delegates })
    const approved = await approve(stage, id, 'eve')
    expect(approved).toMatchObject({
      status: 'approved',
      votes: [{ voter: { name: 'eve' }, insteadOf: { name: 'dora' } }],
    })
    const [voted] = (await stage.trail('hold.voted')).filter(({ hold }) => hold === id)
    expect(voted).toMatchObject({ vote: { insteadOf: person('dora') } })
  })

  test('one right fills one place, whoever uses it', async () => {
    await away('dora', 'eve')
    const two = [{ group: 'dba', count: 2 }]
    const [delegateFirst, selfFirst] = [await held({ delegates }, {}, two), await held({ delegates }, {}, two)]
    await approve(stage, delegateFirst.id, 'eve')
    await expect(approve(stage, delegateFirst.id, 'dora')).rejects.toMatchObject({ code: 'already_voted' })
    await approve(stage, selfFirst.id, 'dora')
    await expect(approve(stage, selfFirst.id, 'eve')).rejects.toMatchObject({ code: 'already_voted' })
    expect((await stage.holds.find(selfFirst.id))?.status).toBe('pending')
  })

  test.each([
    { what: 'the policy does not let that group', more: {}, wait: 0 },
    { what: 'it is over', more: { delegates }, wait: 3_600_000 },
  ])('not when $what', async ({ more, wait }) => {
    await away('dora', 'eve')
    stage.clock.ms += wait
    const { id } = await held(more)
    await expect(approve(stage, id, 'eve')).rejects.toMatchObject({ code: 'not_a_reviewer' })
  })

  test('not when it was taken back, nor when who is away was deactivated', async () => {
    const delegation = await away('dora', 'eve')
    await delegations.revoke(delegation, person('dora'))
    const { id } = await held({ delegates })
    await expect(approve(stage, id, 'eve')).rejects.toMatchObject({ code: 'not_a_reviewer' })
    await away('dora', 'eve')
    await stage.directory.setActive(person('dora').issuer, person('dora').subject, false)
    await expect(approve(stage, id, 'eve')).rejects.toMatchObject({ code: 'not_a_reviewer' })
    await stage.directory.setActive(person('dora').issuer, person('dora').subject, true)
  })

  test('nobody gets their own request answered by it, or that of their agent', async () => {
    const ben = { ...reportBot, ...person('ben'), name: 'ben', kind: 'human' as const, actsFor: null, groups: ['dba'] }
    await away('ben', 'eve')
    const own = await held({ delegates }, { identity: ben })
    const agents = await held({ delegates }, { identity: { ...reportBot, actsFor: { ...ben } } })
    for (const { id } of [own, agents])
      await expect(approve(stage, id, 'eve')).rejects.toMatchObject({ code: 'not_a_reviewer' })
    await away('dora', 'ben')
    await expect(reject(stage, own.id, 'ben')).rejects.toMatchObject({ code: 'own_request' })
  })

  test.each([
    { to: 'ben', from: 'ben', ms: 1_000, code: 'bad_delegation' },
    { to: 'eve', from: 'ben', ms: -1, code: 'bad_delegation' },
    { to: 'eve', from: 'ben', ms: 100 * 24 * 3_600_000, code: 'bad_delegation' },
    { to: 'etl', from: 'ben', ms: 1_000, code: 'unknown_person' },
    { to: 'nobody', from: 'ben', ms: 1_000, code: 'unknown_person' },
  ])('$from to $to for $ms ms is refused: $code', async ({ from, to, ms, code }) => {
    await expect(away(from, to, ms)).rejects.toMatchObject({ code })
    const { issuer, subject } = person(from)
    expect((await stage.trail('delegation.refused')).at(-1)).toEqual({ by: `${issuer} ${subject}`, reason: code })
  })

  test('is listed for both, and only they take it back', async () => {
    const id = await away('dora', 'eve')
    for (const name of ['dora', 'eve']) expect(await delegations.list(person(name))).toMatchObject([{ id }])
    await expect(delegations.revoke(id, person('ben'))).rejects.toMatchObject({ code: 'unknown_delegation' })
    await delegations.revoke(id, person('eve'))
    expect(await delegations.list(person('dora'))).toEqual([])
  })
})

describe('who is told', () => {
  const told = async (hold: Hold): Promise<string[]> =>
    (await reviewersAt(stage.pool, hold, new Date(stage.clock.ms))).map(({ name }) => name)

  test('is who may answer: by group, by shift, in the place of somebody, and after it was escalated', async () => {
    const startsAt = new Date(stage.clock.ms).toISOString()
    const onCall = [{ group: 'dba', startsAt, shiftMs: 3_600_000, shifts: [[person('eve')], [person('cleo')]] }]
    expect(await told(await held({}))).toEqual(['ben', 'cleo', 'dora'])
    expect(await told(await held({ onCall }))).toEqual(['eve'])
    await delegations.delegate({
      from: person('dora'),
      to: person('finn'),
      startsAt: new Date(stage.clock.ms),
      endsAt: new Date(stage.clock.ms + 60_000),
    })
    expect(await told(await held({ delegates: { dba: ['security'] } }))).toEqual(['ben', 'cleo', 'dora', 'finn'])
    const hold = await held({ escalate: { group: 'admins', afterMs: 1_000 } })
    stage.clock.ms += 1_000
    await stage.holds.due(hold.id)
    expect(await told((await stage.holds.find(hold.id)) as Hold)).toEqual(['ben', 'cleo', 'dora', 'eve'])
  })

  test('is never who asks, or whose agent does', async () => {
    const identity = { ...reportBot, actsFor: { ...person('ben'), name: 'ben', groups: ['dba'] } }
    expect(await told(await held({}, { identity }))).toEqual(['cleo', 'dora'])
  })
})

describe('many that run out in the same second', () => {
  const MANY = 250

  test('are all ended by the first job that comes, each once, whoever else is at it', async () => {
    await using other = createHolds({
      pool: stage.pool,
      queues: idleQueues,
      pendingMax: 10_000,
      now: stage.now,
      log: stage.log,
    })
    const holds = await Promise.all(Array.from({ length: MANY }, () => held({}, { expiryMs: 1_000 })))
    const later = await held({}, { expiryMs: 2_000 })
    const [approved] = holds as [Hold]
    await approve(stage, approved.id, 'ben')
    const waiting = holds.map(({ id }) => stage.holds.settled(id, new AbortController().signal))
    stage.clock.ms += 1_000
    const [first, second] = holds.slice(-2) as [Hold, Hold]
    await Promise.all([stage.holds.due(first.id), other.due(second.id), stage.holds.due(second.id)])
    const ids = holds.map(({ id }) => id)
    const { rows } = await stage.pool.query(
      'SELECT status, count(*)::int FROM hold WHERE id = ANY($1) GROUP BY status ORDER BY status',
      [ids],
    )
    expect(rows).toEqual([
      { status: 'approved', count: 1 },
      { status: 'expired', count: MANY - 1 },
    ])
    const over = ids.slice(1)
    const told = await stage.pool.query("SELECT hold FROM outbox WHERE hold = ANY($1) AND reason = 'settled'", [over])
    expect(told.rows.map(({ hold }) => hold).sort()).toEqual(over.toSorted())
    const recorded = (await stage.trail('hold.settled')).filter(({ hold }) => over.includes(String(hold)))
    expect(recorded).toHaveLength(over.length)
    expect(recorded).toContainEqual({ hold: first.id, status: 'expired' })
    expect(new Set((await Promise.all(waiting)).map(({ status }) => status))).toEqual(new Set(['approved', 'expired']))
    expect((await stage.holds.find(later.id))?.status).toBe('pending')
  })

  test('an approval that nobody used runs out with them', async () => {
    const hold = await held({}, { decision: { ...decisionFor(oneDba), grantMs: 1_000 } })
    await approve(stage, hold.id, 'ben')
    stage.clock.ms += 1_000
    const another = await held({})
    await stage.holds.due(another.id)
    expect((await stage.holds.find(hold.id))?.status).toBe('expired')
  })

  test('one that somebody has in hand is waited for by its own job', async () => {
    const hold = await held({}, { expiryMs: 1_000 })
    const client = await stage.pool.connect()
    await client.query('BEGIN')
    await client.query('SELECT FROM hold WHERE id = $1 FOR UPDATE', [hold.id])
    stage.clock.ms += 1_000
    const ended = stage.holds.due(hold.id)
    await vi.waitFor(async () => {
      const { rows } = await stage.pool.query(
        "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'",
      )
      expect(rows).toHaveLength(1)
    })
    await client.query('ROLLBACK')
    client.release()
    await ended
    expect((await stage.holds.find(hold.id))?.status).toBe('expired')
  })
})
