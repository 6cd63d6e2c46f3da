import type { FiredRule } from '../../policies/decision.ts'
import type { SessionInput } from '../../policies/input.ts'
import type { HoldError } from '../../workflows/holds/errors.ts'
import type { Hold } from '../../workflows/holds/hold.ts'
import type { Judgement } from '../gate.ts'
import type { NativeError } from '../sql/native-error.ts'
import type { Report } from '../wire/messages/error-response.ts'
import { encodeParse } from '../wire/messages/parse.ts'
import { encodeQuery } from '../wire/messages/query.ts'

/**
 * A refusal is made by the server itself failing: in place of the refused message it gets one of these, which is a
 * syntax error whatever its settings are, and the client gets our error in place of the server's. So what follows
 * (the transaction's state, skipping to Sync, ReadyForQuery) is the server's truth.
 */
const POISON = 'holdpoint: a statement was refused here'
export const poisonQuery = encodeQuery(POISON)
/** A name of ours, so that the client's unnamed statement stays. */
export const poisonParse = encodeParse({ statement: 'holdpoint/refused', sql: POISON, parameterTypes: [] })
/** A failed Parse of the unnamed statement leaves none. */
export const poisonUnnamedParse = encodeParse({ statement: '', sql: POISON, parameterTypes: [] })

export function denied(judgements: readonly Judgement[]): Report {
  return nativelyDenied(judgements) ?? deniedByRule(judgements)
}

/** As the server answers to what it cannot read or find; only where that is all that is wrong with the message. */
function nativelyDenied(judgements: readonly Judgement[]): Report | null {
  const errors = judgements.flatMap(({ decision, nativeError = null }) =>
    decision.outcome === 'deny' ? [nativeError] : [],
  )
  const [first] = errors
  if (first === undefined || first === null || errors.includes(null)) return null
  const { sqlstate, message, hint, position } = first
  const detail = nativeDetails[sqlstate]
  return { severity: 'ERROR', sqlstate, message, detail, hint, ...(position === null ? {} : { position }) }
}

const NOT_FOUND = 'Holdpoint did not find it in the catalog of the database; nothing was sent to the server.'
const NOT_IN_SESSION = 'Nothing of that name is in this session, or names have changed since it was made.'
const nativeDetails: Readonly<Record<NativeError['sqlstate'], string>> = {
  '26000': NOT_IN_SESSION,
  '34000': NOT_IN_SESSION,
  '42601': 'Holdpoint could not read it; nothing was sent to the server.',
  '42702': 'Holdpoint found more than one in the catalog of the database; nothing was sent to the server.',
  '3F000': NOT_FOUND,
  '42703': NOT_FOUND,
  '42704': NOT_FOUND,
  '42883': NOT_FOUND,
  '42P01': NOT_FOUND,
  '55P03': 'It was waited for in vain.',
}

/** In a failed transaction the server reads a statement, but looks no name up. */
export function inTransaction(report: Report, transaction: SessionInput['transaction']): Report {
  const looksUp = report.sqlstate !== '42601' && report.sqlstate in nativeDetails
  return transaction === 'failed' && looksUp ? failedTransaction : report
}

function deniedByRule(judgements: readonly Judgement[]): Report {
  const rules = judgements.flatMap(({ decision }) => decision.rules.filter(({ outcome }) => outcome === 'deny'))
  return {
    severity: 'ERROR',
    sqlstate: '42501',
    message: `Holdpoint denied this statement: ${reasonOf(rules)}`,
    ...(rules.length > 0 ? { detail: `Rule ${[...new Set(rules.map(({ id }) => id))].join(', ')}` } : {}),
  }
}

/** The answer to an agent, or to whoever chose not to wait. DETAIL is one line of JSON, for programs. */
export function heldPending(hold: Hold, statusUrl: string): Report {
  return {
    severity: 'ERROR',
    sqlstate: 'YH001',
    message: `Holdpoint holds this statement until it is approved: ${reasonOf(holdingRules(hold))}`,
    detail: JSON.stringify({
      hold: hold.id,
      status_url: statusUrl,
      reviewers: hold.decision.reviewers,
      expires_at: hold.expiresAt,
      rules: holdingRules(hold).map(({ id, reason }) => ({ id, reason })),
      reason_required: hold.needsReason,
    }),
    hint: hold.needsReason ? REASON_FOR_RETRY : 'Send the same statement again once it is approved',
  }
}

/** Said at once to whoever waits. */
export function heldWaiting(hold: Hold, statusUrl: string, inTransaction: boolean): Report {
  const who = hold.decision.reviewers.map(({ group, count }) => `${count} of ${group}`).join(' and ')
  const short = inTransaction ? ` The wait is short because a transaction is open${lockedBy(hold)}.` : ''
  return {
    severity: 'NOTICE',
    sqlstate: 'YH001',
    message: `Holdpoint holds this statement until it is approved: ${reasonOf(holdingRules(hold))}`,
    detail: `Rule ${ruleIds(hold)}. Can be approved by ${who} until ${hold.expiresAt}.${short} ${hold.id}`,
    hint: `${hold.needsReason ? REASON_WHILE_WAITING : ''}${statusUrl} · cancelling (Ctrl-C) withdraws it`,
  }
}

const WAYS = 'connect with -c holdpoint.reason=…, SET holdpoint.reason, or begin with /* holdpoint: reason=… */'
const REASON_FOR_RETRY = `It cannot be approved before you say why: send it again with a reason (${WAYS})`
const REASON_WHILE_WAITING =
  'It cannot be approved before you say why: give the reason there, and this goes on waiting: '
const LOCKS_NAMED_MAX = 4

function lockedBy({ locks = [] }: Hold): string {
  if (locks.length === 0) return ' and may hold locks'
  const named = locks.slice(0, LOCKS_NAMED_MAX).map(({ on, mode }) => `${mode} on ${on}`)
  const more = locks.length - named.length
  return ` and keeps ${named.join(', ')}${more > 0 ? ` and ${more} more` : ''} from others`
}

/** Said before it runs. */
export function glassBroken({ id, brokenGlass }: Hold): Report {
  const until = brokenGlass === null ? '' : ` until ${brokenGlass.reviewDueAt}`
  return {
    severity: 'WARNING',
    sqlstate: 'YH001',
    message: 'Holdpoint: the glass is broken; the statement runs now, and its reviewers are told',
    detail: `It has to be reviewed${until}. ${id}`,
  }
}

/** It is held like any other. */
export function glassWhole(because: string): Report {
  return { severity: 'WARNING', sqlstate: 'YH001', message: `Holdpoint: the glass was not broken: ${because}` }
}

/** Its approval was used by another connection of the same asker, or by the worker that runs what is deferred. */
export function ranElsewhere(hold: Hold): Report {
  return {
    severity: 'ERROR',
    sqlstate: 'YH004',
    message: 'Holdpoint: the statement was approved and has run for another request of yours',
    detail: hold.id,
    hint: 'Its result is there; sent again, it is held anew',
  }
}

export function settledAgainst(hold: Hold): Report {
  if (hold.status === 'rejected') {
    const vote = hold.votes.findLast(({ choice }) => choice === 'reject')
    const said = vote?.reason ? `: ${vote.reason}` : ''
    const message = `Holdpoint: the statement was rejected by ${vote?.voter.name ?? 'a reviewer'}${said}`
    return { severity: 'ERROR', sqlstate: 'YH002', message, detail: hold.id }
  }
  if (hold.status === 'expired') {
    const message = 'Holdpoint: nobody approved the statement in time'
    return { severity: 'ERROR', sqlstate: 'YH003', message, detail: hold.id }
  }
  if (hold.status === 'abandoned') {
    const why =
      hold.askerGone == null ? 'since nobody was seen waiting for it' : 'since whoever asked is not let in any more'
    const message = `Holdpoint: the held statement was abandoned, ${why}`
    return { severity: 'ERROR', sqlstate: 'YH003', message, detail: hold.id, hint: 'Nothing was run; ask again' }
  }
  return { ...withdrawn, detail: hold.id }
}

export const withdrawn: Report = {
  severity: 'ERROR',
  sqlstate: '57014',
  message: 'Holdpoint: the held statement was withdrawn',
}

export const failedTransaction: Report = {
  severity: 'ERROR',
  sqlstate: '25P02',
  message: 'current transaction is aborted, commands ignored until end of transaction block',
}

export const approvalUnavailable: Report = {
  severity: 'ERROR',
  sqlstate: '58000',
  message: 'Holdpoint: the statement needs approval, and approvals cannot be asked for at the moment',
  hint: 'Nothing was run; try again later',
}

/** Held are as many as may be; what to do is said with it. */
export function tooManyHeld({ message, hint }: HoldError): Report {
  return { severity: 'ERROR', sqlstate: '53400', message: `Holdpoint: ${message}`, hint: `${hint}. Nothing was run` }
}

export function refusedBecause(sqlstate: string, message: string): Report {
  return { severity: 'ERROR', sqlstate, message }
}

/** The judgement as it would have been had a rule of the session's own decided it. */
export function deniedBySession(judgement: Judgement, id: string, title: string, reason: string): Judgement {
  const rule: FiredRule = { id, title, reason, outcome: 'deny' }
  const decision = { ...judgement.decision, outcome: 'deny' as const, rules: [...judgement.decision.rules, rule] }
  return { ...judgement, decision, nativeError: null }
}

function holdingRules(hold: Hold): readonly FiredRule[] {
  return hold.decision.rules.filter(({ outcome }) => outcome === 'hold')
}

function ruleIds(hold: Hold): string {
  return holdingRules(hold)
    .map(({ id }) => id)
    .join(', ')
}

function reasonOf(rules: readonly FiredRule[]): string {
  return [...new Set(rules.map(({ reason }) => reason))].join(' ') || 'no rule gave a reason'
}
