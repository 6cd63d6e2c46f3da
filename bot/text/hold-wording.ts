import type { Effect, Facts, Identity } from '../../policies/input.ts'
import type { Hold, Preview, Vote } from '../../workflows/holds/hold.ts'
import { line, some } from './bounded-text.ts'
import { comparesProtectedColumns } from './hidden-literals.ts'
import type { Span } from './span.ts'

/** A hold in a reviewer's words. Every text that came from somewhere else passes `line`, which bounds and unmasks it. */

const NAME = 60
const REASON = 200
const KIND: Readonly<Record<Identity['kind'], string>> = { human: 'a person', service: 'a service', agent: 'an agent' }

export function whoAsks({ identity }: Hold): readonly Span[] {
  const groups = some(
    identity.groups.slice(0, 4).map((group) => line(group, 30)),
    3,
  )
  const kind = groups === '' ? KIND[identity.kind] : `${KIND[identity.kind]} in ${groups}`
  const self: Span[] = [{ bold: line(identity.name, NAME) }, ` (${kind})`]
  return identity.actsFor ? [...self, ' acting for ', { bold: line(identity.actsFor.name, NAME) }] : self
}

export function where({ target, application }: Hold): readonly Span[] {
  const through = application === '' ? '' : `, says it is ${line(application, 40)}`
  return [
    { bold: line(target.name, NAME) },
    ` (${target.environment}, database ${line(target.database, 40)})${through}`,
  ]
}

const EFFECT: Readonly<Record<Effect, string>> = {
  read: 'reads',
  transaction: 'controls the transaction',
  session: 'changes the session',
  write: 'writes',
  ddl: 'changes definitions',
  privilege: 'changes privileges',
  external: 'reaches outside the database',
  unknown: 'does something that could not be established',
}

/**
 * How many rows a condition on a protected column meets tells what is in it, and whoever asked may read along where this
 * is shown.
 */
export function countsFor({ facts, preview }: Hold): Preview | null {
  return comparesProtectedColumns(facts) ? null : preview
}

/** What the parser found, beside what was written: a statement may look like one thing and be another. */
export function whatItDoes(facts: Facts, preview: Preview | null): readonly (readonly Span[])[] {
  const rows = preview === null ? 'said in the console only' : rowsTouched(preview)
  return [[{ bold: 'Rows: ' }, rows], ...whatItTouches(facts)]
}

/** The same for all that differ in constants only. */
export function whatItTouches(facts: Facts): readonly (readonly Span[])[] {
  const items: (readonly Span[])[] = []
  if (facts.flags.includes('no_where')) items.push([{ bold: 'No WHERE: every row' }])
  if (facts.flags.includes('always_true_where')) items.push([{ bold: 'A WHERE that is always true: every row' }])
  items.push([`${line(facts.tag, 40)}: ${facts.effects.map((e) => EFFECT[e]).join(', ')}`])
  if (facts.relations.length > 0) items.push(['Tables: ', some(relations(facts), 4)])
  const written = facts.columns.filter(({ uses }) => uses.includes('written')).map(({ column }) => line(column, 30))
  if (written.length > 0) items.push(['Columns written: ', some([...new Set(written)], 6)])
  const outside = facts.external.map(({ kind, detail }) => `${kind} ${line(detail, 60)}`)
  if (outside.length > 0) items.push(['Outside: ', some(outside, 2)])
  const roles = facts.roles.map((role) => line(role, 30))
  if (roles.length > 0) items.push(['Roles: ', some(roles, 4)])
  return items
}

function relations(facts: Facts): readonly string[] {
  return facts.relations.slice(0, 7).map(({ schema, name, access, labels }) => {
    const marks = labels.length > 0 ? `; holds ${line(labels.join(', '), 40)}` : ''
    return `${line(`${schema}.${name}`, 60)} (${line(access.join(', '), 40)}${marks})`
  })
}

export function rowsTouched({ kind, rows, ofRows }: Preview): string {
  if (kind === 'unknown' || rows === null) return 'could not be counted'
  const of = ofRows === null ? '' : ` of ${ofRows.toLocaleString('en')}`
  return kind === 'counted'
    ? `${rows.toLocaleString('en')}${of}, counted`
    : `about ${rows.toLocaleString('en')}${of}, the planner's estimate`
}

export function whyHeld({ decision }: Hold): readonly (readonly Span[])[] {
  const fired = decision.rules.filter(({ outcome }) => outcome === 'hold')
  const shown = fired
    .slice(0, 3)
    .map((rule): readonly Span[] => [
      { bold: line(rule.title, 60) },
      `: ${line(rule.reason, 140)} `,
      { code: line(rule.id, 50) },
    ])
  if (fired.length === 0) return [['The policy named no rule.']]
  return fired.length > 3 ? [...shown, [`and ${fired.length - 3} more rules`]] : shown
}

export function whoMayAnswer({ decision }: Hold): string {
  const places = decision.reviewers.slice(0, 7).map(({ group, count }) => `${count} of ${line(group, 40)}`)
  return places.length === 0 ? 'nobody: no group is named' : some(places, 4)
}

export function votesSoFar(votes: readonly Vote[]): readonly (readonly Span[])[] {
  const shown = votes.slice(-4).map((vote): readonly Span[] => {
    const said = vote.reason === null ? '' : `: ${line(vote.reason, 60)}`
    return [
      `${line(vote.voter.name, 40)} ${vote.choice === 'approve' ? 'approved' : 'rejected'}${said} `,
      { at: vote.at },
    ]
  })
  return votes.length > 4 ? [[`${votes.length - 4} earlier`], ...shown] : shown
}

/** How it ended, or how far it is. null while people are asked. */
export function outcomeOf(hold: Hold): string | null {
  switch (hold.status) {
    case 'pending':
      return null
    case 'approved':
      return `${letThrough(hold)} Waiting to run.`
    case 'executed':
      return `${letThrough(hold)} ${ran(hold)}`
    case 'rejected':
      return rejection(hold)
    case 'expired':
      return hold.votes.some(({ choice }) => choice === 'approve') && hold.grantExpiresAt !== null
        ? `Approved by ${approvers(hold)}, but it was not run in time.`
        : 'Expired: nobody answered in time. It did not run.'
    case 'withdrawn':
      return 'Withdrawn by the one who asked. It did not run.'
    case 'abandoned':
      return 'Abandoned: the connection that asked is gone. It did not run.'
  }
}

function ran({ outcome }: Hold): string {
  if (outcome === null) return 'Sent to the database; its answer is not recorded.'
  const tag = line(outcome.tag, 60)
  const took = `${Math.max(0, Math.round(outcome.durationMs)).toLocaleString('en')} ms`
  return outcome.ok ? `Ran in ${took}: ${tag}` : `The database refused it after ${took}: SQLSTATE ${tag}`
}

function rejection({ votes, approvedThrough }: Hold): string {
  if (approvedThrough !== null) return 'The approval of others that let it through was undone. It did not run.'
  const vote = votes.findLast(({ choice }) => choice === 'reject')
  if (vote === undefined) return 'Rejected. It did not run.'
  const because = vote.reason === null || vote.reason === '' ? '' : ` because: ${line(vote.reason, REASON)}`
  return `Rejected by ${line(vote.voter.name, NAME)}${because}`
}

/** By whose hand: reviewers', nobody's, or that of who approved another one like it. */
function letThrough(hold: Hold): string {
  if (hold.brokenGlass !== null) return `Approved by nobody: ${line(hold.identity.name, NAME)} broke the glass.`
  if (hold.approvedThrough !== null) return `Approved alike, as run ${hold.approvedThrough.run}.`
  return `Approved by ${approvers(hold)}.`
}

function approvers({ votes }: Hold): string {
  const names = votes.filter(({ choice }) => choice === 'approve').map(({ voter }) => line(voter.name, 40))
  return names.length === 0 ? 'a reviewer' : some([...new Set(names)], 5)
}
