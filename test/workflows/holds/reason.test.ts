import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Hold, HoldRequest } from '../../../workflows/holds/hold.ts'
import {
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
})
afterAll(() => stage[Symbol.asyncDispose]())

function held(changes: Partial<HoldRequest> = {}): Promise<Hold> {
  const decision = { ...decisionFor(oneDba), answering: { ...answering, reasonRequired: true } }
  return stage.holds.create(request({ decision, ...changes }))
}

describe('a hold for which the policy wants a reason', () => {
  test('cannot be approved without one, but rejected', async () => {
    const { id, needsReason } = await held()
    expect(needsReason).toBe(true)
    await expect(approve(stage, id, 'ben')).rejects.toMatchObject({ code: 'reason_missing' })
    expect(await stage.holds.find(id)).toMatchObject({ status: 'pending', votes: [] })
    expect(await reject(stage, id, 'ben')).toMatchObject({ status: 'rejected' })
  })

  test('is like any other once whoever asked has said why', async () => {
    const { id } = await held()
    const given = await stage.holds.giveReason(id, person('ana'), '  the import left doubles \0')
    expect(given).toMatchObject({ needsReason: false, reason: 'the import left doubles \uFFFD' })
    expect(await stage.trail('hold.reasoned')).toContainEqual({
      hold: id,
      by: person('ana'),
      reason: 'the import left doubles \uFFFD',
    })
    expect(await approve(stage, id, 'ben')).toMatchObject({ status: 'approved' })
  })

  test('needs nothing more when it came with one', async () => {
    const { id } = await held({ reason: 'asked for in ticket 7' })
    expect(await approve(stage, id, 'ben')).toMatchObject({ status: 'approved', reason: 'asked for in ticket 7' })
  })

  test('takes it from who asks again and says it then', async () => {
    const { id, digest, decision } = await held()
    const again = await held({ digest, decision, reason: 'forgot to say: doubles' })
    expect(again).toMatchObject({ id, reason: 'forgot to say: doubles', needsReason: false })
  })

  test('takes it from the person an agent asks for', async () => {
    const { id } = await held({ identity: reportBot })
    expect(await stage.holds.giveReason(id, person('ana'), 'for my report')).toMatchObject({ reason: 'for my report' })
  })
})

test.each([
  { who: 'ben', says: 'why not', code: 'not_yours' },
  { who: 'ana', says: ' \n ', code: 'reason_empty' },
])('$who saying "$says" is refused: $code', async ({ who, says, code }) => {
  const { id } = await held()
  await expect(stage.holds.giveReason(id, person(who), says)).rejects.toMatchObject({ code })
  expect(await stage.holds.find(id)).toMatchObject({ needsReason: true, reason: null })
})

test('what was said stands; saying it again is no error', async () => {
  const { id } = await held({ reason: 'one' })
  await expect(stage.holds.giveReason(id, person('ana'), 'two')).rejects.toMatchObject({ code: 'reason_given' })
  expect(await stage.holds.giveReason(id, person('ana'), 'one')).toMatchObject({ reason: 'one' })
})

test('comes too late for what is settled or past its time', async () => {
  const settled = await held()
  await reject(stage, settled.id, 'ben')
  const late = await held()
  stage.clock.ms += 900_000
  for (const { id } of [settled, late])
    await expect(stage.holds.giveReason(id, person('ana'), 'x')).rejects.toMatchObject({ code: 'not_pending' })
})

test('tells people that it is there', async () => {
  await stage.pool.query("INSERT INTO delivery (name, active) VALUES ('mail', true)")
  const { id } = await held()
  await stage.holds.giveReason(id, person('ana'), 'because')
  const { rows } = await stage.pool.query('SELECT reason FROM outbox WHERE hold = $1 ORDER BY id', [id])
  expect(rows.map(({ reason }) => reason)).toEqual(['created', 'reasoned'])
})
