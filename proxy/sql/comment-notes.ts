import { scanSync } from 'libpg-query'
import { SMALL_CHARACTERS_MAX } from './parse.ts'

/** What a client says to Holdpoint inside the SQL: `/* holdpoint: reason=… *\/` or `-- holdpoint: reason=…`. */
export interface CommentNotes {
  readonly reason: string | null
  readonly breakGlass: string | null
}

const NONE: CommentNotes = Object.freeze({ reason: null, breakGlass: null })
const MARK = 'holdpoint:'
const NOTE = /^(?:\/\*|--)\s*holdpoint:\s*(reason|break_glass|ask)\s*=\s*([\s\S]*?)\s*(?:\*\/)?$/
const CHARACTERS_MAX = 1_000

/**
 * Read from the comments that the server's own lexer finds, so that nothing inside a string, a quoted name or a dollar
 * quote speaks: no other token begins as a comment does. Of several the first counts.
 */
export function commentNotes(text: string): CommentNotes {
  if (!text.includes(MARK)) return NONE
  const notes = notesIn(text)
  return { reason: notes.get('reason') ?? null, breakGlass: notes.get('break_glass') ?? null }
}

/** `/* holdpoint: ask=approval *\/`: it is to be approved, though it may not have to be. */
export function asksApproval(text: string): boolean {
  return text.includes(MARK) && notesIn(text).get('ask') === 'approval'
}

function notesIn(text: string): ReadonlyMap<string, string> {
  const notes = new Map<string, string>()
  for (const { text: token } of tokensOf(readable(text))) {
    const [, key, said] = NOTE.exec(token) ?? []
    if (key !== undefined && said !== undefined && said !== '' && !notes.has(key))
      notes.set(key, said.slice(0, CHARACTERS_MAX))
  }
  return notes
}

/** White space and comments, none of which holds another. */
const LEADING = /^(?:\s+|--[^\n]*(?:\n|$)|\/\*(?:[^*/]|\*(?!\/)|\/(?!\*))*\*\/)*/

/** Of a text that would keep others waiting, what stands before the first word. */
function readable(text: string): string {
  if (text.length <= SMALL_CHARACTERS_MAX) return text
  return LEADING.exec(text.slice(0, SMALL_CHARACTERS_MAX))?.[0] ?? ''
}

/** What cannot be read says nothing; it is refused elsewhere. */
function tokensOf(text: string) {
  try {
    return scanSync(text).tokens
  } catch {
    return []
  }
}
