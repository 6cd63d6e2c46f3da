import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Hold, HoldMode, HoldRequest, HoldStatus } from '../../../workflows/holds/hold.ts'
import { ana, answering, decisionFor, openStage, people, person, request, type Stage } from '../stage.ts'

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
  sameShape: { runs: 2, ms: 400_000 },
}

interface Model {
  readonly mode: HoldMode
  readonly reasonRequired: boolean
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
  readonly alikeVotes: Set<Name>
  /** The approval for others like it: what is left of it, and whether somebody ended it. */
  approval: { runs: number; until: number; undone: boolean } | null
  /** Others of the same shape, in the order in which they came; the second is where it goes by itself. */
  readonly others: { status: HoldStatus; through: boolean; readonly expiresAt: number; grantExpiresAt: number }[]
}
interface Real {
  readonly id: string
  readonly others: string[]
  readonly request: () => HoldRequest
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
    expect(hold.alikeApproval?.runs).toBe(model.approval?.runs)
    expect((hold.alikeApproval?.undone ?? null) !== null).toBe(model.approval?.undone ?? false)
    const others = await Promise.all(real.others.map((id) => stage.holds.find(id)))
    expect(others.map((one) => [one?.status, one?.approvedThrough !== null])).toEqual(
      model.others.map(({ status, through }) => [status, through]),
    )
  },
})

/** Lets it through, when the approval has a run left. */
function letThrough({ approval }: Model, one: Model['others'][number]): void {
  if (approval === null || approval.undone || REASON_WANTED.has(one)) return
  if (approval.runs >= ANSWERING.sameShape.runs || stage.clock.ms >= approval.until) return
  if (one.status !== 'pending' || stage.clock.ms >= one.expiresAt) return
  approval.runs++
  // What has not begun by the end of the approval does not begin.
  const grantExpiresAt = Math.min(stage.clock.ms + 600_000, approval.until)
  Object.assign(one, { status: 'approved', through: true, grantExpiresAt })
}

/** Of these nobody has said why; none of them is let through. */
const REASON_WANTED = new WeakSet<object>()

const vote = (choice: 'approve' | 'reject', name: Name, alike = false): Command =>
  command(`${name} ${choice}s${alike ? ' all of them' : ''}`, async (model, { id }) => {
    const allowed = mayVote(model, name) && !(choice === 'approve' && model.needsReason)
    const said = { choice, reason: choice === 'approve' ? null : 'no', via: 'console', alike } as const
    const cast = stage.holds.vote(id, person(name), said)
    if (!allowed) return expect(cast).rejects.toHaveProperty('code')
    await cast
    model.voted.add(name)
    if (alike) model.alikeVotes.add(name)
    if (choice === 'approve') model.approvals.add(name)
    else model.status = 'rejected'
    if (choice === 'reject' || !quorum(model.approvals)) return
    model.status = 'approved'
    model.grantExpiresAt = stage.clock.ms + 600_000
    if (model.alikeVotes.size < model.approvals.size) return
    model.approval = { runs: 0, until: stage.clock.ms + ANSWERING.sameShape.ms, undone: false }
    for (const one of model.others) letThrough(model, one)
  })

/** Another of the same shape is asked for. */
const another = command('another comes', async (model, real) => {
  if (real.others.length >= 4) return
  real.others.push((await stage.holds.create(real.request())).id)
  const one = {
    status: 'pending' as HoldStatus,
    through: false,
    expiresAt: stage.clock.ms + 900_000,
    grantExpiresAt: 0,
  }
  model.others.push(one)
  if (model.reasonRequired) REASON_WANTED.add(one)
  letThrough(model, one)
})

const takeAnother = (at: number): Command =>
  command(`take other ${at}`, async (model, { others }) => {
    const [id, one] = [others[at], model.others[at]]
    if (id === undefined || one === undefined) return
    const usable = one.status === 'approved' && stage.clock.ms < one.grantExpiresAt
    expect(await stage.holds.take(id)).toBe(usable)
    if (usable) one.status = 'executed'
  })

/** What has run has run; what has not, whether or not its time is over, is taken back. */
const undo = (who: Name): Command =>
  command(`${who} undoes it`, async (model, { id }) => {
    const { escalatedAt } = (await stage.holds.find(id)) as Hold
    const reviewer = REVIEWERS.some(({ group }) => isIn(who, group)) || (escalatedAt !== null && isIn(who, 'admins'))
    const { approval } = model
    const allowed = approval !== null && !approval.undone && who !== 'ana' && reviewer
    const undone = stage.holds.undoAlike(id, person(who), 'console')
    if (!allowed) return expect(undone).rejects.toHaveProperty('code')
    await undone
    approval.undone = true
    for (const one of model.others) if (one.status === 'approved') one.status = 'rejected'
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

/** What a job does when it comes, early or late: all whose time is up run out with the one that it is about. */
const due = command('what is due', async (model, { id }) => {
  await stage.holds.due(id)
  for (const one of [model, ...model.others]) {
    const until = one.status === 'approved' ? one.grantExpiresAt : one.expiresAt
    if ((one.status === 'pending' || one.status === 'approved') && stage.clock.ms >= until) one.status = 'expired'
  }
})

const name = fc.constantFrom(...(Object.keys(people) as Name[]))
const commands = fc.commands(
  [
    name.map((who) => vote('approve', who)),
    name.map((who) => vote('approve', who)),
    name.map((who) => vote('approve', who, true)),
    name.map((who) => vote('approve', who, true)),
    name.map((who) => vote('reject', who)),
    name.map(undo),
    fc.constant(another),
    fc.constant(another),
    fc.nat(3).map(takeAnother),
    name.map(breakGlass),
    name.map(review),
    fc.constantFrom(1, 299_999, 300_000, 600_000).map(pass),
    ...[expire, take, withdraw, abandon, complete, reason, due].map((one) => fc.constant(one)),
  ],
  { maxCommands: 25 },
)

let shapes = 0
let sessions = 0
const modes = fc.constantFrom<HoldMode>('wait', 'error', 'defer')

/** Chance seldom gets there: an approval for others like it, one that it let through, and one that ran. */
const APPROVED_ALIKE = [
  reason,
  vote('approve', 'ben', true),
  vote('approve', 'finn', true),
  another,
  another,
  takeAnother(0),
]

function* after(prepared: boolean, sequence: Iterable<Command>): Iterable<Command> {
  if (prepared) yield* APPROVED_ALIKE
  yield* sequence
}

test('follows its rules through any sequence of commands', { timeout: 300_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(commands, modes, fc.boolean(), fc.boolean(), async (sequence, mode, reasonRequired, prepared) => {
      await fc.asyncModelRun(
        async () => {
          const decision = { ...decisionFor(REVIEWERS), answering: { ...ANSWERING, reasonRequired } }
          const shape = `shape-${++shapes}`
          const asked = () => request({ mode, shape, identity: ana, decision, sessionId: `session-${++sessions}` })
          const hold = await stage.holds.create(asked())
          const model: Model = {
            mode,
            reasonRequired,
            alikeVotes: new Set(),
            approval: null,
            others: [],
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
          return { model, real: { id: hold.id, others: [], request: asked } }
        },
        after(prepared, sequence),
      )
    }),
    { numRuns: 250 },
  )
})
