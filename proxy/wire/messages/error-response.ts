import { ProtocolError } from '../errors.ts'
import { backend } from '../message-types.ts'
import { MessageWriter } from '../message-writer.ts'

/**
 * ErrorResponse and NoticeResponse (B): fields, each a letter and a string.
 * https://www.postgresql.org/docs/current/protocol-error-fields.html
 */
export type Severity = 'ERROR' | 'FATAL' | 'PANIC' | 'WARNING' | 'NOTICE' | 'DEBUG' | 'INFO' | 'LOG'

export interface Report {
  readonly severity: Severity
  readonly sqlstate: string
  readonly message: string
  readonly detail?: string | undefined
  readonly hint?: string | undefined
  /** In characters, from 1, in the text that the client sent. */
  readonly position?: number | undefined
}

export function encodeError(report: Report): Buffer {
  return encode(backend.errorResponse, report)
}

export function encodeNotice(report: Report): Buffer {
  return encode(backend.noticeResponse, report)
}

/** The fields by their letter: S severity, V severity not localised, C SQLSTATE, M message, D detail, H hint … */
export type ReportFields = ReadonlyMap<string, string>

/** Lenient about the text's encoding, which is the server's own matter before the session is set up. */
export function decodeReport(message: Buffer): ReportFields {
  const fields = new Map<string, string>()
  let offset = 5
  while (message[offset] !== 0) {
    const end = message.indexOf(0, offset + 1)
    if (end === -1) throw new ProtocolError('string_unterminated', 'an error or notice is not terminated')
    fields.set(String.fromCharCode(message[offset] as number), message.toString('utf8', offset + 1, end))
    offset = end + 1
  }
  if (offset !== message.length - 1) throw new ProtocolError('trailing_bytes', 'an error or notice does not end')
  return fields
}

export function encodeFields(type: number, fields: ReportFields): Buffer {
  const writer = new MessageWriter(type)
  for (const [letter, value] of fields) writer.uint8(letter.charCodeAt(0)).text(value)
  return writer.uint8(0).message()
}

function encode(type: number, { severity, sqlstate, message, detail, hint, position }: Report): Buffer {
  const fields = new Map([
    ['S', severity],
    ['V', severity],
    ['C', sqlstate],
    ['M', message],
  ])
  if (detail !== undefined) fields.set('D', detail)
  if (hint !== undefined) fields.set('H', hint)
  if (position !== undefined) fields.set('P', String(position))
  return encodeFields(type, fields)
}
