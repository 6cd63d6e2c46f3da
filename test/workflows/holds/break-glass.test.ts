import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Hold, HoldRequest } from '../../../workflows/holds/hold.ts'
import { reviewersAt } from '../../../workflows/holds/reviewers.ts'
import {
  ana,
  answering,
  approve,
  decisionFor,
  oneDba,
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
  await stage.pool.query("INSERT INTO delivery (name, active) VALUES ('mail', true)")
})
afterAll(() => stage[Symbol.asyncDispose]())

const DAY = 86_400_000
const policy = {
  ...answering,
  breakGlass: { group: 'engineers', reviewMs: DAY },
  escalate: { group: 'admins', afterMs: 600_000 },
}

function held(changes: Partial<HoldRequest> = {}): Promise<Hold> {
  return stage.holds.create(request({ decision: { ...decisionFor(oneDba), answering: policy }, ...changes }))
}

const breakIt = (id: string, name = 'ana', reason = 'the shop is down'): Promise<Hold> =>
  stage.holds.breakGlass(id, person(name), { reason, via: 'command_line' })

const reviewIt = (
  id: string,
  name: string,
  verdict: 'reviewed' | 'disputed' = 'reviewed',
  reason: string | null = null,
) => stage.holds.review(id, person(name), { verdict, reason, via: 'console' })

async function noticesOf({ id }: Hold): Promise<string[]> {
  const { rows } = await stage.pool.query('SELECT reason FROM outbox WHERE hold = $1 ORDER BY id', [id])
  return rows.map(({ reason }) => reason)
}

describe('breaking the glass', () => {
  test('lets the asker run it at once and once, tells reviewers, and is recorded with its reason', async () => {
    const { id } = await held()
    const broken = await breakIt(id)
    expect(broken).toMatchObject({
      status: 'approved',
      votes: [],
      brokenGlass: {
        reason: 'the shop is down',
        via: 'command_line',
        reviewDueAt: new Date(stage.clock.ms + DAY).toISOString(),
        review: null,
      },
    })
    expect(await noticesOf(broken)).toEqual(['created', 'settled', 'glass_broken'])
    expect([await stage.holds.take(id), await stage.holds.take(id)]).toEqual([true, false])
    expect(await stage.trail('hold.glass_broken')).toContainEqual({
      hold: id,
      by: person('ana'),
      reason: 'the shop is down',
      via: 'command_line',
      reviewDueAt: new Date(stage.clock.ms + DAY).toISOString(),
    })
  })

  test.each([
    { what: 'somebody else’s', by: 'ben', changes: {}, code: 'not_yours' },
    { what: 'an agent’s, by the agent', by: 'report-bot', changes: { identity: reportBot }, code: 'not_a_person' },
    { what: 'an agent’s, by its person', by: 'ana', changes: { identity: reportBot }, code: 'not_a_person' },
    {
      what: 'one’s own without the group',
      by: 'cleo',
      changes: { identity: { ...ana, ...person('cleo') } },
      code: 'no_break_glass',
    },
    {
      what: 'what the policy has no glass for',
      by: 'ana',
      changes: { decision: decisionFor(oneDba) },
      code: 'no_break_glass',
    },
  ])('$what is refused: $code', async ({ by, changes, code }) => {
    const { id } = await held(changes)
    await expect(breakIt(id, by)).rejects.toMatchObject({ code })
    expect(await stage.holds.find(id)).toMatchObject({ status: 'pending', brokenGlass: null })
  })

  test('needs a reason, an active person, and a hold that is still pending', async () => {
    const { id } = await held()
    await expect(breakIt(id, 'ana', ' ')).rejects.toMatchObject({ code: 'reason_empty' })
    await stage.directory.setActive(ana.issuer, ana.subject, false)
    await expect(breakIt(id)).rejects.toMatchObject({ code: 'deactivated' })
    await stage.directory.setActive(ana.issuer, ana.subject, true)
    const late = await held()
    stage.clock.ms += 900_000
    await expect(breakIt(late.id)).rejects.toMatchObject({ code: 'not_pending' })
    const rejected = await held()
    await reject(stage, rejected.id, 'ben')
    await expect(breakIt(rejected.id)).rejects.toMatchObject({ code: 'not_pending' })
  })

  test('against a vote at the same instant: one of them', async () => {
    for (let n = 0; n < 50; n++) {
      const { id } = await held()
      const [broken, rejected] = await Promise.allSettled([breakIt(id), reject(stage, id, 'ben')])
      const hold = await stage.holds.find(id)
      expect([broken.status, rejected.status].sort()).toEqual(['fulfilled', 'rejected'])
      expect(hold?.status).toBe(broken.status === 'fulfilled' ? 'approved' : 'rejected')
      expect(hold?.brokenGlass !== null).toBe(broken.status === 'fulfilled')
    }
  })
})

describe('the review that follows', () => {
  test('is said once, by who could have answered', async () => {
    const { id } = await held()
    await breakIt(id)
    await expect(reviewIt(id, 'ana')).rejects.toMatchObject({ code: 'own_request' })
    await expect(reviewIt(id, 'eve')).rejects.toMatchObject({ code: 'not_a_reviewer' })
    expect((await reviewIt(id, 'ben')).brokenGlass?.review).toMatchObject({
      verdict: 'reviewed',
      by: { name: 'ben' },
      reason: null,
    })
    await expect(reviewIt(id, 'cleo')).rejects.toMatchObject({ code: 'reviewed_already' })
    expect(await stage.trail('hold.reviewed')).toContainEqual({
      hold: id,
      by: person('ben'),
      verdict: 'reviewed',
      reason: null,
      via: 'console',
    })
  })

  test('says why when it disputes, and there is none of what was approved as usual', async () => {
    const { id } = await held()
    await expect(reviewIt(id, 'ben')).rejects.toMatchObject({ code: 'nothing_to_review' })
    await breakIt(id)
    await expect(reviewIt(id, 'ben', 'disputed')).rejects.toMatchObject({ code: 'reason_empty' })
    expect((await reviewIt(id, 'ben', 'disputed', 'nothing was down')).brokenGlass?.review).toMatchObject({
      verdict: 'disputed',
      reason: 'nothing was down',
    })
    const other = await held()
    await approve(stage, other.id, 'ben')
    await expect(reviewIt(other.id, 'cleo')).rejects.toMatchObject({ code: 'nothing_to_review' })
  })

  test('is asked for again and again when it is overdue, and the second group may say it', async () => {
    const hold = await held()
    await breakIt(hold.id)
    await stage.holds.take(hold.id)
    await stage.holds.due(hold.id)
    expect(await noticesOf(hold)).not.toContain('review_overdue')
    for (let day = 1; day <= 2; day++) {
      stage.clock.ms += DAY
      for (let n = 0; n < 2; n++) await stage.holds.due(hold.id)
      expect((await noticesOf(hold)).filter((reason) => reason === 'review_overdue')).toHaveLength(day)
    }
    expect((await stage.holds.find(hold.id))?.brokenGlass?.overdueToldAt).toBe(new Date(stage.clock.ms).toISOString())
    await reviewIt(hold.id, 'eve')
    stage.clock.ms += DAY
    await stage.holds.due(hold.id)
    expect((await noticesOf(hold)).filter((reason) => reason === 'review_overdue')).toHaveLength(2)
  })

  test('is escalated to a group of its own where the policy says so, and not before it is overdue', async () => {
    const breakGlass = { ...policy.breakGlass, escalateTo: 'admins' }
    const hold = await held({
      decision: { ...decisionFor(oneDba), answering: { ...policy, escalate: null, breakGlass } },
    })
    await breakIt(hold.id)
    await expect(reviewIt(hold.id, 'eve')).rejects.toMatchObject({ code: 'not_a_reviewer' })
    stage.clock.ms += DAY
    const [late] = [await stage.holds.find(hold.id)]
    expect((await reviewersAt(stage.pool, late as Hold, new Date(stage.clock.ms))).map(({ name }) => name)).toContain(
      'eve',
    )
    await expect(reviewIt(hold.id, 'ana')).rejects.toMatchObject({ code: 'own_request' })
    expect((await reviewIt(hold.id, 'eve')).brokenGlass?.review).toMatchObject({ by: { name: 'eve' } })
  })

  test('is told to be overdue by the very look that ends the approval', async () => {
    const hold = await held()
    await breakIt(hold.id)
    stage.clock.ms += DAY
    await stage.holds.due(hold.id)
    expect((await stage.holds.find(hold.id))?.status).toBe('expired')
    expect(await noticesOf(hold)).toContain('review_overdue')
  })
})
