import { hash } from 'node:crypto'

/** What is kept of a statement's text: on record, in front of reviewers. Beyond it are rows and files, not intentions. */
export const KEPT_CHARACTERS_MAX = 1 << 20

/** @returns the text itself, or its beginning and what identifies the whole of it */
export function keptText(redacted: string): string {
  if (isKeptWhole(redacted)) return redacted
  // A cut between the two halves of a character would leave what is no text.
  const kept = redacted.slice(0, KEPT_CHARACTERS_MAX).replace(/[\uD800-\uDBFF]$/, '')
  return `${kept} … [${redacted.length} characters in all, SHA-256 ${hash('sha256', redacted)}]`
}

export function isKeptWhole(redacted: string): boolean {
  return redacted.length <= KEPT_CHARACTERS_MAX
}
