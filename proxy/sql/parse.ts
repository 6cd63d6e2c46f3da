import { fingerprintSync, type Node, parseSync, SqlError } from 'libpg-query'
import { type NativeError, syntaxError } from './native-error.ts'

/** One statement of a text: its tree, and its own text cut at the byte offsets the parser gave. */
export interface ParsedStatement {
  readonly text: string
  /** Where `text` starts in the whole, in UTF-8 bytes; `location` fields count from the whole's start. */
  readonly offset: number
  readonly node: Node
}

/** The text is not what the server's grammar reads, or is nested too deeply to be read at all. */
export interface ParseFailure {
  readonly reason: string
  /** What the server says of it, too; null where only this reader failed. */
  readonly native: NativeError | null
}

/** What is read between two messages of other sessions, so that they do not wait for long; more goes to large-texts.ts. */
export const SMALL_CHARACTERS_MAX = 16 * 1024

/**
 * Reads a text with the server's own grammar (libpg_query, PostgreSQL 18).
 * @returns no statements for an empty text, or one of comments only; a failure for what cannot be read
 */
export function parse(text: string): readonly ParsedStatement[] | ParseFailure {
  if (text === '') return []
  // The parser would stop there and see nothing of what follows.
  if (text.includes('\0')) return { reason: 'a NUL character', native: null }
  try {
    const statements = parseSync(text).stmts ?? []
    const bytes = statements.length > 1 || Buffer.byteLength(text) !== text.length ? Buffer.from(text) : null
    return statements.map(({ stmt, stmt_location = 0, stmt_len = 0 }) => {
      const end = stmt_len === 0 ? undefined : stmt_location + stmt_len
      const own = bytes === null ? text.slice(stmt_location, end) : bytes.toString('utf8', stmt_location, end)
      return { text: own, offset: stmt_location, node: stmt as Node }
    })
  } catch (error) {
    return { reason: reasonOf(error), native: nativeOf(error) }
  }
}

/** Groups statements that differ only in constants; '' where there is none. Binds nothing. */
export function fingerprintOf(text: string): string {
  try {
    return fingerprintSync(text)
  } catch {
    return ''
  }
}

function nativeOf(error: unknown): NativeError | null {
  if (!(error instanceof SqlError) || error.sqlDetails === undefined) return null
  return isTooDeep(error) ? null : syntaxError(error.message, error.sqlDetails.cursorPosition)
}

function isTooDeep(error: Error): boolean {
  return error instanceof RangeError || error.message.startsWith('memory exhausted')
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'cannot be read'
  if (isTooDeep(error)) return 'nested too deeply to be read'
  // The parser's message quotes the word it stumbled over, which may be part of a secret.
  return error.message.replace(/( at or near)? ?"[\s\S]*$/, '')
}
