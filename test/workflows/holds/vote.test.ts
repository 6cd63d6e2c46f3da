import { afterAll, beforeAll, expect, test } from 'vitest'
import type { HoldErrorCode } from '../../../workflows/holds/errors.ts'
import type { Hold, HoldRequest } from '../../../workflows/holds/hold.ts'
import { ana, approve, decisionFor, openStage, person, reject, reportBot, request, type Stage } from '../stage.ts'

let stage: Stage
beforeAll(async () => {
  stage = await openStage()
})
afterAll(() => stage[Symbol.asyncDispose]())

const create = (changes: Partial<HoldRequest> = {}): Promise<Hold> => stage.holds.create(request(changes))

test('one reviewer of one approves, and the grant has an end', async () => {
  const { id } = await create()
  const hold = await approve(stage, id, 'ben')
  expect(hold).toMatchObject({
    status: 'approved',
    decidedAt: new Date(stage.clock.ms).toISOString(),
    grantExpiresAt: new Date(stage.clock.ms + 600_000).toISOString(),
    votes: [
      { voter: { subject: 'sub-ben', groups: ['engineers', 'dba', 'data-owners'] }, choice: 'approve', via: 'console' },
    ],
  })
})

test('one rejection is enough, whatever was approved before', async () => {
  const { id } = await create({ decision: decisionFor([{ group: 'dba', count: 2 }]) })
  expect((await approve(stage, id, 'ben')).status).toBe('pending')
  const hold = await reject(stage, id, 'cleo', 'not today')
  expect(hold).toMatchObject({ status: 'rejected', grantExpiresAt: null })
  expect(hold.votes.map(({ choice, reason }) => [choice, reason])).toEqual([
    ['approve', null],
    ['reject', 'not today'],
  ])
})

test('one person in both groups fills one place', async () => {
  const { id } = await create({
    decision: decisionFor([
      { group: 'dba', count: 1 },
      { group: 'security', count: 1 },
    ]),
  })
  expect((await approve(stage, id, 'cleo')).status).toBe('pending')
  expect((await approve(stage, id, 'dora')).status).toBe('approved')
})

test('two of one group do not make up for the other', async () => {
  const { id } = await create({
    decision: decisionFor([
      { group: 'dba', count: 1 },
      { group: 'security', count: 1 },
    ]),
  })
  await approve(stage, id, 'ben')
  expect((await approve(stage, id, 'dora')).status).toBe('pending')
  expect((await approve(stage, id, 'finn')).status).toBe('approved')
})

interface Refusal {
  readonly what: string
  readonly who: string
  readonly code: HoldErrorCode
  readonly changes?: Partial<HoldRequest>
  readonly before?: (id: string) => Promise<unknown>
}

test.each<Refusal>([
  { what: 'the asker', who: 'ana', code: 'own_request' },
  {
    what: 'the asker who is a reviewer',
    who: 'ben',
    code: 'own_request',
    changes: { identity: { ...ana, ...person('ben') } },
  },
  {
    what: 'the person an agent acts for',
    who: 'ben',
    code: 'own_request',
    changes: { identity: { ...reportBot, actsFor: { ...person('ben'), name: 'x', groups: [] } } },
  },
  { what: 'an administrator who is no reviewer', who: 'eve', code: 'not_a_reviewer' },
  { what: 'an agent in the right group', who: 'report-bot', code: 'not_a_person' },
  { what: 'a service in the right group', who: 'etl', code: 'not_a_person' },
  { what: 'somebody nobody knows', who: 'zoe', code: 'unknown_person' },
  {
    what: 'a second answer',
    who: 'ben',
    code: 'already_voted',
    changes: { decision: decisionFor([{ group: 'dba', count: 2 }]) },
    before: (id) => approve(stage, id, 'ben'),
  },
  { what: 'an answer after approval', who: 'cleo', code: 'not_pending', before: (id) => approve(stage, id, 'ben') },
  { what: 'an answer after rejection', who: 'cleo', code: 'not_pending', before: (id) => reject(stage, id, 'ben') },
  { what: 'an answer after withdrawal', who: 'cleo', code: 'not_pending', before: (id) => stage.holds.withdraw(id) },
  {
    what: 'an answer to a gone client',
    who: 'cleo',
    code: 'not_pending',
    changes: { mode: 'wait' },
    before: (id) => stage.holds.abandon(id),
  },
])('refuses and records $what', async ({ who, code, changes, before }) => {
  const { id } = await create(changes)
  await before?.(id)
  const { status, votes } = (await stage.holds.find(id)) as Hold
  await expect(approve(stage, id, who)).rejects.toMatchObject({ code })
  await expect(reject(stage, id, who)).rejects.toMatchObject({ code })
  expect(await stage.holds.find(id)).toMatchObject({ status, votes })
  const refused = (await stage.trail('hold.vote_refused')).filter(({ hold }) => hold === id)
  const record = { hold: id, voter: `https://id.example sub-${who}`, via: 'console', reason: code }
  expect(refused).toEqual([record, record])
})

test('refuses a hold that is not there', async () => {
  await expect(approve(stage, 'hold_none', 'ben')).rejects.toMatchObject({ code: 'not_found' })
})

test('reads groups when the vote is cast, not when the hold was made', async () => {
  const { id } = await create()
  await stage.directory.upsert({ ...person('gil'), name: 'gil', kind: 'human', groups: ['dba'] })
  await stage.directory.upsert({ ...person('gil'), name: 'gil', kind: 'human', groups: ['engineers'] })
  await expect(approve(stage, id, 'gil')).rejects.toMatchObject({ code: 'not_a_reviewer' })
  await stage.directory.upsert({ ...person('gil'), name: 'gil', kind: 'human', groups: ['dba'] })
  expect((await approve(stage, id, 'gil')).status).toBe('approved')
})

test('refuses who is deactivated, and a new sign-in does not change that', async () => {
  const { id } = await create()
  const hal = { ...person('hal'), name: 'hal', kind: 'human' as const, groups: ['dba'] }
  await stage.directory.upsert(hal)
  await stage.directory.setActive(hal.issuer, hal.subject, false)
  await stage.directory.upsert(hal)
  await expect(approve(stage, id, 'hal')).rejects.toMatchObject({ code: 'deactivated' })
})

test('does not count the approval of somebody who has been deactivated since', async () => {
  const { id } = await create({ decision: decisionFor([{ group: 'dba', count: 2 }]) })
  const ivy = { ...person('ivy'), name: 'ivy', kind: 'human' as const, groups: ['dba'] }
  await stage.directory.upsert(ivy)
  await approve(stage, id, 'ivy')
  await stage.directory.setActive(ivy.issuer, ivy.subject, false)
  expect((await approve(stage, id, 'ben')).status).toBe('pending')
  expect((await approve(stage, id, 'cleo')).status).toBe('approved')
})

test('refuses the owner of an agent whose token names nobody', async () => {
  const agent = { ...person('lone-agent'), name: 'lone-agent', kind: 'agent' as const, groups: [] }
  await stage.directory.upsert({ ...agent, owner: person('ben') })
  const { id } = await create({ identity: { ...reportBot, ...agent, actsFor: null } })
  await expect(approve(stage, id, 'ben')).rejects.toMatchObject({ code: 'own_request' })
  expect((await approve(stage, id, 'cleo')).status).toBe('approved')
})

test('an answer at the instant of expiry is too late, although no job has run', async () => {
  const { id } = await create({ expiryMs: 5_000 })
  stage.clock.ms += 5_000
  await expect(approve(stage, id, 'ben')).rejects.toMatchObject({
    code: 'not_pending',
    message: 'This hold has expired',
  })
  expect(await stage.holds.find(id)).toMatchObject({ status: 'expired', votes: [] })
})

test('cuts a reason that is too long and keeps no NUL', async () => {
  const { id } = await create()
  const hold = await reject(stage, id, 'ben', `\0${'x'.repeat(5_000)}`)
  expect(hold.votes[0]?.reason).toBe(`\uFFFD${'x'.repeat(1_999)}`)
})

test('every counted vote and every settling is recorded once', async () => {
  const { id } = await create({ decision: decisionFor([{ group: 'dba', count: 2 }]) })
  await approve(stage, id, 'ben')
  await approve(stage, id, 'cleo')
  const of = async (name: string) => (await stage.trail(name)).filter(({ hold }) => hold === id)
  expect(await of('hold.created')).toHaveLength(1)
  expect((await of('hold.voted')).map(({ vote }) => (vote as { voter: { name: string } }).voter.name)).toEqual([
    'ben',
    'cleo',
  ])
  expect(await of('hold.settled')).toEqual([{ hold: id, status: 'approved' }])
})
