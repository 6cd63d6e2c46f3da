import { TrailError } from './errors.ts'
import type { StatementRecord, TrailEventName, TrailEvents } from './events.ts'
import { canonical, canonicalText } from './line.ts'

/**
 * The bodies of the statement events, built by hand because there are two for every statement that runs. What all runs
 * of one judgement have in common is nested as `judgement`, so that it is serialised once and pasted:
 *
 *   {"hold":null,"judgement":{"effects":[…],…,"text":"…"},"parameters":[…],"session":"…","statement":7}
 */
export interface OwnPart {
  readonly session: string
  readonly statement: number
  readonly parameters: readonly (string | null)[]
  readonly hold: string | null
}

export type SharedPart = Omit<StatementRecord, 'session' | 'statement' | 'parameters'>

declare const isCanonical: unique symbol
/** The `shared` argument of Trail.appendStatement: canonical JSON, which only the functions below make. */
export type SharedJson = string & { readonly [isCanonical]: true }
/** All of it but the text: the same for every text that is judged alike. */
export interface SharedHead {
  readonly before: string
  /** What comes behind the text in canonical order, with the end of the object. */
  readonly after: string
}

export function sharedHead(judgement: Omit<SharedPart, 'text'>): SharedHead {
  const { aside, effects, fingerprint, input, masks, outcome, policy, relations, rules, unreviewed } = judgement
  const known = { effects, fingerprint, masks, outcome, policy, relations, rules }
  const optional = { ...(aside === undefined ? {} : { aside }), ...(input === undefined ? {} : { input }) }
  const before = canonical({ ...known, ...optional }).slice(0, -1)
  return { before, after: unreviewed === true ? ',"unreviewed":true}' : '}' }
}

export function sharedWith({ before, after }: SharedHead, text: string): SharedJson {
  return `${before},"text":${canonicalText(text)}${after}` as SharedJson
}

export function sharedPart(judgement: SharedPart): SharedJson {
  return sharedWith(sharedHead(judgement), judgement.text)
}

export function statementBody(
  name: 'statement.intended' | 'statement.denied',
  own: OwnPart,
  shared: SharedJson,
): string {
  const hold = name === 'statement.denied' ? '' : `"hold":${own.hold === null ? 'null' : canonicalText(own.hold)},`
  const session = canonicalText(own.session)
  return `{${hold}"judgement":${shared},"parameters":${list(own.parameters)},"session":${session},"statement":${count(own.statement)}}`
}

export function completedBody(event: TrailEvents['statement.completed']): string {
  const { durationMs, masked, ok, rows, session, statement, tag } = event
  return `{"durationMs":${count(durationMs)},"masked":${count(masked)},"ok":${ok},"rows":${count(rows)},"session":${canonicalText(session)},"statement":${count(statement)},"tag":${canonicalText(tag)}}`
}

/** Any event's body; the statement events have the same shape as when they are built from their parts. */
export function eventBody<Name extends TrailEventName>(name: Name, event: TrailEvents[Name]): string {
  if (name === 'statement.completed') return completedBody(event as TrailEvents['statement.completed'])
  if (name === 'statement.intended' || name === 'statement.denied') {
    const record = event as StatementRecord & { readonly hold?: string | null }
    return statementBody(name, { ...record, hold: record.hold ?? null }, sharedPart(record))
  }
  return canonical(event)
}

function list(parameters: readonly (string | null)[]): string {
  if (parameters.length === 0) return '[]'
  let text = '['
  for (const parameter of parameters) {
    if (text.length > 1) text += ','
    text += parameter === null ? 'null' : canonicalText(parameter)
  }
  return `${text}]`
}

function count(value: number): string {
  if (!Number.isFinite(value)) throw new TrailError('event_invalid', 'The trail cannot record a number without end')
  return `${value}`
}
