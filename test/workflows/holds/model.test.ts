import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Hold, HoldMode, HoldStatus } from '../../../workflows/holds/hold.ts'
import {
  ana,
  answering,
  approve,
  decisionFor,
  openStage,
  people,
  person,
  reject,
  request,
  type Stage,
} from '../stage.ts'

/**
 * The state machine against a model that knows only its rules in words: any sequence of commands, on the real
 * database, leaves both in the same state.
 */
let stage: Stage
beforeAll(async () => {
  stage = await openStage()
})
afterAll(() => stage[Symbol.asyncDispose]())

type Name = keyof typeof people
const REVIEWERS = [
  { group: 'dba', count: 1 },
  { group: 'security', count: 1 },
]

/** After this time an administrator may fill any place. */
const ESCALATE_MS = 300_000
const ANSWERING = {
  ...answering,
  escalate: { group: 'admins', afterMs: ESCALATE_MS },
  breakGlass: { group: 'engineers', reviewMs: 3_600_000 },
}

interface Model {
  readonly mode: HoldMode
  needsReason: boolean
  escalateAt: number
  broken: boolean
  reviewed: boolean
  status: HoldStatus
  readonly approvals: Set<Name>
  readonly voted: Set<Name>
  expiresAt: number
  grantExpiresAt: number
  completed: boolean
}
interface Real {
  readonly id: string
}
type Command = fc.AsyncCommand<Model, Real>

const isIn = (name: Name, group: string): boolean => (people[name].groups as readonly string[]).includes(group)

/** Somebody for each place, and not the same somebody; an administrator voted only when any place was open to them. */
function quorum(approvals: ReadonlySet<Name>): boolean {
  const of = (group: string) => [...approvals].filter((name) => isIn(name, group) || isIn(name, 'admins'))
  return of('dba').some((one) => of('security').some((two) => one !== two))
}

function isReviewer(model: Model, name: Name): boolean {
  if (REVIEWERS.some(({ group }) => isIn(name, group))) return true
  return stage.clock.ms >= model.escalateAt && isIn(name, 'admins')
}

function mayVote(model: Model, name: Name): boolean {
  if (model.status === 'pending' && stage.clock.ms >= model.expiresAt) model.status = 'expired'
  return model.status === 'pending' && name !== 'ana' && isReviewer(model, name) && !model.voted.has(name)
}

const command = (title: string, run: (model: Model, real: Real) => Promise<void>): Command => ({
  check: () => true,
  toString: () => title,
  async run(model, real) {
    await run(model, real)
    const hold = (await stage.holds.find(real.id)) as Hold
    expect(hold.status).toBe(model.status)
    expect(hold.votes.map(({ voter }) => voter.name).sort()).toEqual([...model.voted].sort())
    expect(hold.outcome !== null).toBe(model.completed)
    expect(hold.needsReason).toBe(model.needsReason)
    expect(hold.brokenGlass !== null).toBe(model.broken)
    expect((hold.brokenGlass?.review ?? null) !== null).toBe(model.reviewed)
  },
})

const vote = (choice: 'approve' | 'reject', name: Name): Command =>
  command(`${name} ${choice}s`, async (model, { id }) => {
    const allowed = mayVote(model, name) && !(choice === 'approve' && model.needsReason)
    const cast = choice === 'approve' ? approve(stage, id, name) : reject(stage, id, name)
    if (!allowed) return expect(cast).rejects.toHaveProperty('code')
    await cast
    model.voted.add(name)
    if (choice === 'approve') model.approvals.add(name)
    else model.status = 'rejected'
    if (choice === 'reject' || !quorum(model.approvals)) return
    model.status = 'approved'
    model.grantExpiresAt = stage.clock.ms + 600_000
  })

const pass = (ms: number): Command =>
  command(`${ms} ms pass`, async () => {
    stage.clock.ms += ms
  })

const expire = command('expire', async (model, { id }) => {
  const due =
    (model.status === 'pending' && stage.clock.ms >= model.expiresAt) ||
    (model.status === 'approved' && stage.clock.ms >= model.grantExpiresAt)
  expect(await stage.holds.expire(id)).toBe(due)
  if (due) model.status = 'expired'
})

const take = command('take', async (model, { id }) => {
  const usable = model.status === 'approved' && stage.clock.ms < model.grantExpiresAt
  expect(await stage.holds.take(id)).toBe(usable)
  if (usable) model.status = 'executed'
})

const withdraw = command('withdraw', async (model, { id }) => {
  const open = model.status === 'pending' || model.status === 'approved' || model.status === 'withdrawn'
  const taken = stage.holds.withdraw(id, person('ana'))
  if (!open) return expect(taken).rejects.toMatchObject({ code: 'not_pending' })
  await taken
  model.status = 'withdrawn'
})

const abandon = command('abandon', async (model, { id }) => {
  await stage.holds.abandon(id)
  if (model.mode === 'wait' && (model.status === 'pending' || model.status === 'approved')) model.status = 'abandoned'
})

const complete = command('complete', async (model, { id }) => {
  const completed = stage.holds.complete(id, { ok: true, tag: 'DELETE 1', durationMs: 1 })
  if (model.status !== 'executed') return expect(completed).rejects.toMatchObject({ code: 'not_executed' })
  await completed
  model.completed = true
})

const reason = command('a reason', async (model, { id }) => {
  const open = model.status === 'pending' && stage.clock.ms < model.expiresAt && model.needsReason
  const given = stage.holds.giveReason(id, person('ana'), 'because')
  if (!open) return given.then(() => expect(model.needsReason).toBe(false)).catch(expectCoded)
  await given
  model.needsReason = false
})

/** Said again, the same reason is no error; anything else is one of ours. */
const expectCoded = (error: unknown): void => expect(error).toHaveProperty('code')

const breakGlass = (who: Name): Command =>
  command(`${who} breaks the glass`, async (model, { id }) => {
    const allowed = who === 'ana' && model.status === 'pending' && stage.clock.ms < model.expiresAt
    const broken = stage.holds.breakGlass(id, person(who), { reason: 'down', via: 'console' })
    if (!allowed) return expect(broken).rejects.toHaveProperty('code')
    await broken
    model.status = 'approved'
    model.broken = true
    model.grantExpiresAt = stage.clock.ms + 600_000
  })

const review = (who: Name): Command =>
  command(`${who} reviews`, async (model, { id }) => {
    const before = (await stage.holds.find(id)) as Hold
    const escalated = before.escalatedAt !== null || stage.clock.ms >= Date.parse(before.brokenGlass?.reviewDueAt ?? '')
    const reviewer = REVIEWERS.some(({ group }) => isIn(who, group)) || (escalated && isIn(who, 'admins'))
    const allowed = model.broken && !model.reviewed && who !== 'ana' && reviewer
    const said = stage.holds.review(id, person(who), { verdict: 'reviewed', reason: null, via: 'console' })
    if (!allowed) return expect(said).rejects.toHaveProperty('code')
    await said
    model.reviewed = true
  })

/** What a job does when it comes, early or late. */
const due = command('what is due', async (model, { id }) => {
  await stage.holds.due(id)
  if (model.status === 'pending' && stage.clock.ms >= model.expiresAt) model.status = 'expired'
  if (model.status === 'approved' && stage.clock.ms >= model.grantExpiresAt) model.status = 'expired'
})

const name = fc.constantFrom(...(Object.keys(people) as Name[]))
const commands = fc.commands(
  [
    name.map((who) => vote('approve', who)),
    name.map((who) => vote('approve', who)),
    name.map((who) => vote('reject', who)),
    name.map(breakGlass),
    name.map(review),
    fc.constantFrom(1, 299_999, 300_000, 600_000).map(pass),
    ...[expire, take, withdraw, abandon, complete, reason, due].map((one) => fc.constant(one)),
  ],
  { maxCommands: 20 },
)

const modes = fc.constantFrom<HoldMode>('wait', 'error', 'defer')

test('follows its rules through any sequence of commands', { timeout: 120_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(commands, modes, fc.boolean(), async (sequence, mode, reasonRequired) => {
      await fc.asyncModelRun(async () => {
        const decision = { ...decisionFor(REVIEWERS), answering: { ...ANSWERING, reasonRequired } }
        const hold = await stage.holds.create(request({ mode, identity: ana, decision }))
        const model: Model = {
          mode,
          needsReason: reasonRequired,
          escalateAt: stage.clock.ms + ESCALATE_MS,
          broken: false,
          reviewed: false,
          status: 'pending',
          approvals: new Set(),
          voted: new Set(),
          expiresAt: stage.clock.ms + 900_000,
          grantExpiresAt: Number.POSITIVE_INFINITY,
          completed: false,
        }
        return { model, real: { id: hold.id } }
      }, sequence)
    }),
    { numRuns: 250 },
  )
})
