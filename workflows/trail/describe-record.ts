import pc from 'picocolors'
import type { TrailRecord } from './line.ts'

/**
 * One record as one line for people:
 *
 *   2026-03-01 09:30:00.125  proxy-1  statement.denied    deny   ana prod/shop #3: DROP TABLE customers
 *
 * What a statement holds is shown as text: control, bidirectional and invisible characters are made visible, so that
 * no statement can write to the terminal or pretend to be another.
 */
export interface DescribeOptions {
  readonly colour: boolean
  /** Characters in a line; what is longer is cut. */
  readonly width: number
}

const EVENT_WIDTH = 19
const PROCESS_WIDTH = 10
const OUTCOME_WIDTH = 6
const SESSIONS_MAX = 10_000

export class RecordDescriber {
  readonly #colours: ReturnType<typeof pc.createColors>
  readonly #width: number
  /** Who a session is, as its opening said. */
  readonly #sessions = new Map<string, string>()

  constructor({ colour, width }: DescribeOptions) {
    this.#colours = pc.createColors(colour)
    this.#width = width
  }

  /** Remembers what later records refer to; for those that are not shown. */
  learn({ event, body }: TrailRecord): void {
    const { session } = body
    if (typeof session !== 'string') return
    if (event === 'session.closed') this.#sessions.delete(session)
    if (event !== 'session.opened') return
    if (this.#sessions.size >= SESSIONS_MAX) this.#sessions.clear()
    this.#sessions.set(session, `${text(member(body.identity, 'name'))} ${text(member(body.target, 'name'))}`)
  }

  describe(record: TrailRecord): string {
    const session = this.#session(record)
    this.learn(record)
    const time = `${record.at.slice(0, 10)} ${record.at.slice(11, 23)}`
    const process = record.journal.slice(0, -9).padEnd(PROCESS_WIDTH)
    const event = record.event.padEnd(EVENT_WIDTH)
    const outcome = outcomeOf(record)
    const rest = [session, summaryOf(record)].filter((part) => part !== '').join(': ')
    const used = time.length + 2 + process.length + 1 + event.length + 2 + OUTCOME_WIDTH + 2
    const shown = cut(visible(rest), Math.max(this.#width - used, 20))
    const { dim } = this.#colours
    return `${dim(time)}  ${dim(process)} ${event}  ${this.#paint(outcome)}  ${shown}`
  }

  #session({ event, body }: TrailRecord): string {
    if (typeof body.session !== 'string' || event === 'session.opened') return ''
    const who = this.#sessions.get(body.session) ?? body.session
    return typeof body.statement === 'number' ? `${who} #${body.statement}` : who
  }

  #paint(outcome: string): string {
    const { red, yellow, green } = this.#colours
    const padded = outcome.padEnd(OUTCOME_WIDTH)
    if (BAD.has(outcome)) return red(padded)
    return WAITING.has(outcome) ? yellow(padded) : green(padded)
  }
}

const BAD: ReadonlySet<string> = new Set(['deny', 'error', 'refuse'])
const WAITING: ReadonlySet<string> = new Set(['hold', 'cut'])

function outcomeOf({ event, body }: TrailRecord): string {
  if (event.startsWith('statement.')) {
    if (typeof body.ok === 'boolean') return body.ok ? 'ok' : 'error'
    return text(member(body.judgement, 'outcome'))
  }
  if (event.endsWith('refused')) return 'refuse'
  if (event === 'journal.opened' && Array.isArray(body.cut) && body.cut.length > 0) return 'cut'
  return event.startsWith('hold.') ? 'hold' : ''
}

/** What is most worth knowing of each event; of those not listed, everything. */
function summaryOf({ event, body }: TrailRecord): string {
  const of = (...names: readonly string[]): string => names.map((name) => text(body[name])).join(' ')
  switch (event) {
    case 'statement.intended':
    case 'statement.denied':
      return `${member(body.judgement, 'unreviewed') === true ? '(unreviewed) ' : ''}${text(member(body.judgement, 'text'))}`
    case 'statement.completed':
      return `${of('tag')}, ${of('durationMs')} ms${body.masked === 0 ? '' : `, ${of('masked')} masked`}`
    case 'session.opened':
      return `${of('session')} ${text(member(body.identity, 'name'))} → ${text(member(body.target, 'name'))} from ${of('client', 'application')}`
    case 'session.closed':
      return of('reason')
    case 'hold.created':
      return `${of('hold')} by ${text(member(body.identity, 'name'))}: ${of('statement')}`
    case 'hold.commented':
      return `${of('hold')} ${of('name')}: ${of('text')}`
    case 'hold.voted':
      return `${of('hold')} ${text(member(body.vote, 'choice'))} by ${text(member(member(body.vote, 'voter'), 'name'))}`
    default:
      return Object.entries(body)
        .map(([name, value]) => `${name}=${text(value)}`)
        .join(' ')
  }
}

function member(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined
}

function text(value: unknown): string {
  if (typeof value === 'string') return value
  return value === undefined ? '' : JSON.stringify(value)
}

/** Controls, invisible and bidirectional formatting, and the separators that a terminal takes for a line's end. */
const HIDDEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu

function visible(value: string): string {
  return value
    .replaceAll(/[\t\n\r ]+/g, ' ')
    .replaceAll(HIDDEN, (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`)
    .toWellFormed()
}

function cut(value: string, width: number): string {
  return value.length <= width ? value : `${value.slice(0, width - 1).toWellFormed()}…`
}
