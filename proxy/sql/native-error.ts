import type { Unresolved } from '../../policies/unresolved.ts'
import type { Context } from './context.ts'
import { uncommittedOf } from './uncommitted-changes.ts'

/**
 * What the server itself answers to text that is not SQL and to names that do not exist. Drivers, migration tools and
 * people know these answers and act on them, so that a statement refused for nothing else is answered in the same way.
 * https://www.postgresql.org/docs/current/errcodes-appendix.html
 */
export interface NativeError {
  readonly sqlstate: '26000' | '34000' | '3F000' | '42601' | '42702' | '42703' | '42704' | '42883' | '42P01' | '55P03'
  /** Quotes what the client wrote, and is for the client only: it may be part of a secret. */
  readonly message: string
  readonly hint?: string
  /** In characters, from 1, in the whole text; null: the server names no place. */
  readonly position: number | null
}

/** The same while the text is walked: the place is in bytes, from 0, as the parser counts. */
export interface Missing extends Omit<NativeError, 'position'> {
  readonly location?: number | undefined
}

/** Records something that the server does not find either. What it says is known only for the client's own text. */
export function recordUnfound(context: Context, code: Unresolved['code'], detail: string, missing: Missing): void {
  const isOwnText = context.inside.every((what) => what === 'explain')
  if (isOwnText && !uncommittedOf(context.names.uncommitted).anything) {
    context.record.missing(code, detail, missing)
    return
  }
  context.record.unresolved(code, detail)
  if (code === 'function' || code === 'prepared_statement' || code === 'cursor') context.record.effect('unknown')
}

/** @param text the whole text of the message */
export function nativeError({ location, ...error }: Missing, text: string): NativeError {
  return { ...error, position: location === undefined || location < 0 ? null : position(text, location) }
}

function position(text: string, location: number): number {
  // Whatever is astral is one character to the server and two to a JavaScript string.
  return [...Buffer.from(text).toString('utf8', 0, location)].length + 1
}

/** The parser counts characters already. */
export function syntaxError(message: string, cursorPosition: number | undefined): NativeError {
  return { sqlstate: '42601', message, position: cursorPosition === undefined ? null : cursorPosition + 1 }
}

/** No look at the catalog makes these another answer. */
const OF_THE_SESSION: ReadonlySet<string> = new Set(['26000', '34000', '42601', '55P03'])

/** Refused for a name that does not exist, and for nothing else. */
export function isMissingName(error: NativeError | null | undefined): boolean {
  return error !== null && error !== undefined && !OF_THE_SESSION.has(error.sqlstate)
}
