import { BodyReader, type MessageBytes } from '../body-reader.ts'

/**
 * CommandComplete (B): what was done, and to how many rows.
 * https://www.postgresql.org/docs/current/protocol-message-formats.html#PROTOCOL-MESSAGE-FORMATS-COMMANDCOMPLETE
 */
export function decodeCommandComplete(message: MessageBytes): string {
  const body = new BodyReader(message)
  const tag = body.text()
  body.end()
  return tag
}

/** The count a tag ends with, as in INSERT 0 5; 0 where it has none. */
export function rowsOfTag(tag: string): number {
  const last = tag.charCodeAt(tag.length - 1)
  if (last < 0x30 || last > 0x39) return 0
  return Number(tag.slice(tag.lastIndexOf(' ') + 1)) || 0
}
