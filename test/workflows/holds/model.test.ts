import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Hold, HoldMode, HoldStatus } from '../../../workflows/holds/hold.ts'
import { ana, approve, decisionFor, openStage, people, person, reject, request, type Stage } from '../stage.ts'

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

interface Model {
  readonly mode: HoldMode
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

/** Somebody of each group, and not the same somebody. */
function quorum(approvals: ReadonlySet<Name>): boolean {
  const of = (group: string) =>
    [...approvals].filter((name) => (people[name].groups as readonly string[]).includes(group))
  return of('dba').some((one) => of('security').some((two) => one !== two))
}

function mayVote(model: Model, name: Name): boolean {
  if (model.status === 'pending' && stage.clock.ms >= model.expiresAt) model.status = 'expired'
  const reviewer = people[name].groups.some((group) => REVIEWERS.some((entry) => entry.group === group))
  return model.status === 'pending' && name !== 'ana' && reviewer && !model.voted.has(name)
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
  },
})

const vote = (choice: 'approve' | 'reject', name: Name): Command =>
  command(`${name} ${choice}s`, async (model, { id }) => {
    const allowed = mayVote(model, name)
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

const name = fc.constantFrom(...(Object.keys(people) as Name[]))
const commands = fc.commands(
  [
    name.map((who) => vote('approve', who)),
    name.map((who) => vote('approve', who)),
    name.map((who) => vote('reject', who)),
    fc.constantFrom(1, 299_999, 300_000, 600_000).map(pass),
    ...[expire, take, withdraw, abandon, complete].map((one) => fc.constant(one)),
  ],
  { maxCommands: 14 },
)

test('follows its rules through any sequence of commands', { timeout: 120_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(commands, fc.constantFrom<HoldMode>('wait', 'error', 'defer'), async (sequence, mode) => {
      await fc.asyncModelRun(async () => {
        const hold = await stage.holds.create(request({ mode, identity: ana, decision: decisionFor(REVIEWERS) }))
        const model: Model = {
          mode,
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
