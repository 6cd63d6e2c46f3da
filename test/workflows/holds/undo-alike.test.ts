import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Hold } from '../../../workflows/holds/hold.ts'
import { ana, answering, decisionFor, oneDba, openStage, person, reportBot, request, type Stage } from '../stage.ts'

let stage: Stage
beforeAll(async () => {
  stage = await openStage()
})
afterAll(() => stage[Symbol.asyncDispose]())

let shapes = 0
const held = (shape: string, mode: 'wait' | 'error' = 'error'): Promise<Hold> => {
  const decision = { ...decisionFor(oneDba), answering: { ...answering, sameShape: { runs: 5, ms: 60_000 } } }
  return stage.holds.create(request({ shape, decision, mode }))
}

/** An approval of many, and two that it let through: one has run, one has not. */
async function approvedAlike(): Promise<{ shape: string; approval: Hold; ran: Hold; ready: Hold }> {
  const shape = `undone-${++shapes}`
  const one = await held(shape)
  const approval = await stage.holds.vote(one.id, person('ben'), {
    ...{ choice: 'approve', reason: null, via: 'slack', alike: true },
  })
  const [ran, ready] = [await held(shape), await held(shape)]
  expect(await stage.holds.take(ran.id)).toBe(true)
  return { shape, approval, ran, ready }
}

describe('an approval of many that is undone', () => {
  test('lets nothing through any more, and takes back what has not run', async () => {
    const { shape, approval, ran, ready } = await approvedAlike()
    const undone = await stage.holds.undoAlike(approval.id, person('cleo'), 'slack')
    expect(undone.alikeApproval).toMatchObject({ runs: 2, undone: { by: 'cleo' } })
    expect((await held(shape)).status).toBe('pending')
    expect(await stage.holds.take(ready.id)).toBe(false)
    expect((await stage.holds.find(ready.id))?.status).toBe('rejected')
    expect((await stage.holds.find(ran.id))?.status).toBe('executed')
    expect((await stage.holds.find(approval.id))?.status).toBe('approved')
    expect(await stage.trail('hold.alike_undone')).toContainEqual({
      ...{ hold: approval.id, by: person('cleo'), via: 'slack', revoked: [ready.id] },
    })
  })

  test('wakes whoever waits for what was taken back', async () => {
    const { approval, ready } = await approvedAlike()
    const settled = stage.holds.settled(ready.id, AbortSignal.timeout(20_000))
    await stage.holds.undoAlike(approval.id, person('ben'), 'console')
    await settled
    expect((await stage.holds.settled(ready.id, AbortSignal.timeout(20_000))).status).toBe('rejected')
  })

  test('is undone once', async () => {
    const { approval } = await approvedAlike()
    const both = [person('ben'), person('cleo')].map((by) => stage.holds.undoAlike(approval.id, by, 'slack'))
    const results = await Promise.allSettled(both)
    expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
    await expect(stage.holds.undoAlike(approval.id, person('ben'), 'slack')).rejects.toMatchObject({
      code: 'undone_already',
    })
  })

  test.each([
    ['who asked', 'ana', 'own_request'],
    ['somebody else', 'eve', 'not_a_reviewer'],
  ])('is not undone by %s', async (_, name, code) => {
    const { shape, approval } = await approvedAlike()
    await expect(stage.holds.undoAlike(approval.id, person(name), 'slack')).rejects.toMatchObject({ code })
    expect((await held(shape)).status).toBe('approved')
  })

  test('there is nothing to undo of an approval of one', async () => {
    const one = await held(`undone-${++shapes}`)
    await expect(stage.holds.undoAlike(one.id, person('ben'), 'slack')).rejects.toMatchObject({
      code: 'nothing_to_undo',
    })
  })

  test('gives no run out beside the undoing, however they fall together', async () => {
    for (let round = 0; round < 30; round++) {
      const { shape, approval } = await approvedAlike()
      const [late] = await Promise.all([held(shape), stage.holds.undoAlike(approval.id, person('ben'), 'slack')])
      expect(await stage.holds.take(late.id)).toBe(false)
    }
  })
})

describe('an agent whose owner only the directory knows', () => {
  const needsReason = { ...decisionFor(oneDba), answering: { ...answering, reasonRequired: true } }
  const agent = { ...reportBot, ...person('lone-bot'), name: 'lone-bot', actsFor: null }
  const knowOwner = (owner: string) =>
    stage.directory.upsert({
      ...{ ...person('lone-bot'), name: 'lone-bot', kind: 'agent', groups: ['agents'], owner: person(owner) },
    })

  test('has its reason said by that person', async () => {
    await knowOwner('ana')
    const hold = await stage.holds.create(request({ identity: agent, decision: needsReason }))
    const reasoned = await stage.holds.giveReason(hold.id, person('ana'), 'Clearing what was tested')
    expect(reasoned).toMatchObject({ reason: 'Clearing what was tested', needsReason: false })
  })

  test('and by nobody else, nor by an owner who is deactivated', async () => {
    await knowOwner('ana')
    const hold = await stage.holds.create(request({ identity: agent, decision: needsReason }))
    await expect(stage.holds.giveReason(hold.id, person('dora'), 'Because')).rejects.toMatchObject({
      code: 'not_yours',
    })
    await stage.directory.setActive(ana.issuer, ana.subject, false)
    await expect(stage.holds.giveReason(hold.id, person('ana'), 'Because')).rejects.toMatchObject({ code: 'not_yours' })
    await stage.directory.setActive(ana.issuer, ana.subject, true)
  })
})
