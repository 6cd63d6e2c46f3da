import type { Effect, Facts, Identity } from '../../policies/input.ts'
import type { Hold, Preview, Vote } from '../../workflows/holds/hold.ts'
import { type RuleSource, ruleUrl } from '../../workflows/releases/rule-source.ts'
import { line, some } from './bounded-text.ts'
import { comparesProtectedColumns } from './hidden-literals.ts'
import type { Span } from './span.ts'

/** A hold in a reviewer's words. Every text that came from somewhere else passes `line`, which bounds and unmasks it. */

const NAME = 60
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

export function where({ target }: Hold): readonly Span[] {
  return [{ bold: line(target.name, NAME) }, ` (${target.environment}, database ${line(target.database, 40)})`]
}

const EFFECT: Readonly<Record<Effect, string>> = {
  read: 'reads data',
  transaction: 'controls the transaction',
  session: 'changes the session',
  write: 'writes data',
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
export function whatItDoes(facts: Facts, preview: Preview | null, most: Most = SOME): readonly (readonly Span[])[] {
  const rows = preview === null ? 'said in the console only' : rowsTouched(preview, facts)
  return [[{ bold: 'Rows: ' }, rows], ...whatItTouches(facts, most)]
}

/** How many of a kind are named. */
export interface Most {
  readonly tables: number
  readonly columns: number
}

const SOME: Most = { tables: 4, columns: 6 }

/** The same for all that differ in constants only. */
export function whatItTouches(facts: Facts, most: Most = SOME): readonly (readonly Span[])[] {
  const items: (readonly Span[])[] = []
  if (facts.flags.includes('no_where')) items.push([{ bold: 'No WHERE: every row' }])
  if (facts.flags.includes('always_true_where')) items.push([{ bold: 'A WHERE that is always true: every row' }])
  items.push([{ bold: 'Does: ' }, `${line(facts.tag, 40)}, ${facts.effects.map((e) => EFFECT[e]).join(', ')}`])
  const add = (title: string, names: readonly string[], shown: number): void => {
    if (names.length > 0) items.push([{ bold: `${title}: ` }, some(names, shown)])
  }
  add('Tables', relations(facts, most.tables), most.tables)
  add('Columns', columns(facts, most.columns), most.columns)
  const outside = facts.external.map(({ kind, detail }) => `${kind} ${line(detail, 60)}`)
  if (outside.length > 0) items.push(['Outside: ', some(outside, 2)])
  const roles = facts.roles.map((role) => line(role, 30))
  if (roles.length > 0) items.push(['Roles: ', some(roles, 4)])
  return items
}

function relations(facts: Facts, most: number): readonly string[] {
  return facts.relations.slice(0, most + 3).map(({ schema, name, access, labels }) => {
    const marks = labels.length > 0 ? `; holds ${line(labels.join(', '), 40)}` : ''
    return `${line(`${schema}.${name}`, 60)} (${line(access.join(', '), 40)}${marks})`
  })
}

/** Those with labels first, then those that are written. */
function columns({ columns: all }: Facts, most: number): readonly string[] {
  const rank = ({ labels, uses }: Facts['columns'][number]): number =>
    labels.length > 0 ? 0 : uses.includes('written') ? 1 : 2
  return [...all]
    .sort((a, b) => rank(a) - rank(b))
    .map(({ relation, column, uses, labels }, at) => {
      if (at > most) return ''
      const marks = labels.length > 0 ? `; labelled ${line(labels.join(', '), 30)}` : ''
      return `${line(`${relation}.${column}`, 50)} (${line(uses.join(', '), 40)}${marks})`
    })
}

/** A count and how it is known; an estimate is never shown as a count. */
export function rowsTouched(preview: Preview, facts?: Facts): string {
  const { each = [] } = preview
  if (each.length === 0) return rowsOf(preview, facts)
  const parts = each.slice(0, 6).map((one) => `${line(one.tag, 20)} ${rowsOf(one)}`)
  return `${rowsOf({ ...preview })}. Each as if it came alone: ${parts.join('; ')}${each.length > 6 ? '; …' : ''}`
}

function rowsOf({ kind, rows, ofRows }: Preview, facts?: Facts): string {
  if (kind === 'unknown' || rows === null) {
    if (ofRows !== null) return `not counted, of about ${ofRows.toLocaleString('en')}`
    const isAboutRows = facts === undefined || facts.effects.some((effect) => effect === 'read' || effect === 'write')
    return isAboutRows || facts.effects.includes('unknown') ? 'could not be counted' : 'none; it is not about rows'
  }
  const of = ofRows === null ? '' : ` of ${ofRows.toLocaleString('en')}`
  return kind === 'counted'
    ? `${rows.toLocaleString('en')}${of}, counted`
    : `about ${rows.toLocaleString('en')}${of}, the planner's estimate`
}

/** @param source where the policy came from that held it; absent: no link can be made */
export function whyHeld({ decision, rulePlaces = {} }: Hold, source?: RuleSource): readonly (readonly Span[])[] {
  const fired = decision.rules.filter(({ outcome }) => outcome === 'hold')
  const shown = fired
    .slice(0, 3)
    .map((rule): readonly Span[] => [
      { bold: line(rule.title, 60) },
      `: ${line(rule.reason, 140)} `,
      ...placeOf(rule.id, rulePlaces[rule.id], source),
    ])
  if (fired.length === 0) return [['The policy named no rule.']]
  return fired.length > 3 ? [...shown, [`and ${fired.length - 3} more rules`]] : shown
}

/** A rule's own line, at the commit that was in force when it held the statement. */
function placeOf(id: string, place: { readonly file: string; readonly line: number } | undefined, source?: RuleSource) {
  if (place === undefined) return [{ code: line(id, 50) }]
  const where = line(`${place.file}:${place.line}`, 80)
  const url = source === undefined ? null : ruleUrl(source, place)
  return [{ code: line(id, 50) }, ' ', url === null ? { code: where } : { link: where, url }] as const
}

export function whoMayAnswer({ decision }: Hold): string {
  const places = decision.reviewers.slice(0, 7).map(({ group, count }) => `${count} of ${line(group, 40)}`)
  return places.length === 0 ? 'nobody: no group is named' : some(places, 4)
}

export function votesSoFar(votes: readonly Vote[]): readonly (readonly Span[])[] {
  const shown = votes.slice(-4).map((vote): readonly Span[] => {
    const said = vote.reason === null ? '' : `: ${line(vote.reason, 60)}`
    const did = vote.choice === 'approve' ? 'approved' : 'rejected'
    return [`${line(vote.voter.name, 40)} ${did} `, { at: vote.at }, ...(said === '' ? [] : [said])]
  })
  return votes.length > 4 ? [[`${votes.length - 4} earlier`], ...shown] : shown
}
