import type { Access } from '../../policies/input.ts'
import type { Judgement } from '../gate.ts'
import { frontend } from '../wire/message-types.ts'
import { rowsOfTag } from '../wire/messages/command-complete.ts'
import { encodeError, type Report } from '../wire/messages/error-response.ts'
import type { SessionContext } from './context.ts'
import { type Slot, slot } from './exchange.ts'
import type { Run } from './recorder.ts'
import { poisonParse } from './refusal.ts'
import { traitsOf } from './traits.ts'

/**
 * How many rows a statement may write is known only when it has: so its transaction does not end before the server's
 * answer was seen, and where that says too many, the transaction fails.
 *
 *   Query, no transaction      runs between BEGIN and COMMIT of ours (message-parts.ts), or ROLLBACK
 *   Query in a transaction     what comes behind waits; too many: what fails the transaction goes before it
 *   extended protocol          Sync waits, and whatever else may end the batch or outlast its end; too many: what fails
 *                              the batch goes before it, and what had been sent behind it is answered to nobody
 *
 * The server counts what INSERT, UPDATE, DELETE, MERGE and COPY themselves write: no WITH query, trigger or function.
 */
const WRITING: ReadonlySet<Access> = new Set(['insert', 'update', 'delete'])
const COUNTED: ReadonlySet<string> = new Set(['insert', 'update', 'delete', 'merge', 'copy', 'execute'])
const COUNTING = /^(INSERT|UPDATE|DELETE|MERGE|COPY) /
const NOT_RUN = 'not run'
/** Messages of which nothing outlasts the batch, should it fail. */
export const withinBatch: ReadonlySet<number> = new Set([
  frontend.bind,
  frontend.describe,
  frontend.execute,
  frontend.flush,
])

/** How many rows it may write; null: as many as it likes, also because somebody who was shown how many has approved it. */
export function writtenMaxOf({ decision, facts }: Judgement): number | null {
  const max = decision.limits?.rowsWrittenMax ?? null
  if (max === null || decision.outcome !== 'allow' || !COUNTED.has(facts.kind)) return null
  const writes = facts.relations.some(({ access, temporary }) => !temporary && access.some((one) => WRITING.has(one)))
  return writes ? max : null
}

/** An approval covers the whole message. */
export function limitsWrites(judgements: readonly Judgement[]): boolean {
  return (
    judgements.some((judgement) => writtenMaxOf(judgement) !== null) &&
    judgements.every(({ decision }) => decision.outcome === 'allow')
  )
}

const RUNNING_CODE: ReadonlySet<string> = new Set(['call', 'do'])

/** What was written before it in its batch, or come to depend on more than that. */
export function mayCommit(judgement: Judgement): boolean {
  return traitsOf(judgement).settles || RUNNING_CODE.has(judgement.facts.kind)
}

/** @returns whether the end of it was replaced by our error, because it wrote too much */
export function wroteTooMuch(session: SessionContext, answered: Slot, tag: string): boolean {
  const run = answered.runs[answered.at]
  if (run === undefined || run.writtenMax === null || answered.stopped || !COUNTING.test(tag)) return false
  const written = rowsOfTag(tag)
  if (written <= run.writtenMax) return false
  fail(session, answered, run, { report: tooMany(written, run.writtenMax), written })
  return true
}

/** It has written everything by now, and says how much only once all of its rows are fetched. */
export function writesInPortions(session: SessionContext, answered: Slot): boolean {
  const run = answered.runs[answered.at]
  if (run === undefined || run.writtenMax === null || answered.stopped) return false
  fail(session, answered, run, { report: inPortions(run.writtenMax), written: run.rows })
  return true
}

function fail(
  session: SessionContext,
  answered: Slot,
  run: Run,
  { report, written }: { readonly report: Report; readonly written: number },
): void {
  const { recorder, state, toClient } = session
  run.over = { what: 'written', report }
  toClient.add(encodeError(report))
  recorder.completed(run, false, report.sqlstate, written)
  state.completed(run.judgement)
  answered.at++
  recordUnused(session, answered)
  if (answered.kind === 'execute') failBatch(session)
}

/** What was sent behind it may run, but none of it is kept or shown. */
function failBatch(session: SessionContext): void {
  const { exchange, upstream } = session
  for (const behind of exchange.remaining().slice(1)) recordUnused(session, behind)
  const failing = slot('parse')
  failing.stopped = true
  exchange.push(failing)
  upstream.add(poisonParse)
  upstream.send()
  exchange.shift()
  exchange.skipping = true
}

function recordUnused({ recorder }: SessionContext, unused: Slot): void {
  unused.stopped = true
  for (const run of unused.runs.slice(unused.at)) recorder.completed(run, false, NOT_RUN, 0)
}

const WHAT_TO_DO =
  'Nothing of it was kept. Narrow its WHERE or write in portions; or have all of it approved: send it with /* holdpoint: ask=approval */ before it'

const WHAT_COUNTS =
  'Counted is what the statement itself wrote; what triggers, foreign keys and functions wrote because of it is not.'

function tooMany(written: number, max: number): Report {
  return {
    severity: 'ERROR',
    sqlstate: '54000',
    message: `Holdpoint rolled the statement back: it wrote ${written} rows, more than the ${max} that the policy allows you`,
    detail: WHAT_COUNTS,
    hint: WHAT_TO_DO,
  }
}

function inPortions(max: number): Report {
  return {
    severity: 'ERROR',
    sqlstate: '54000',
    message: `Holdpoint rolled the statement back: the policy allows you to write ${max} rows, and what is fetched in portions does not say how many it wrote`,
    hint: 'Nothing of it was kept. Give back fewer rows, or fetch them without a limit',
  }
}
