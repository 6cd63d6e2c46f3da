import { HoldpointError } from '../../errors.ts'

export type ProtocolErrorCode =
  | 'length_out_of_range'
  | 'type_unknown'
  | 'body_truncated'
  | 'string_unterminated'
  | 'text_not_utf8'
  | 'trailing_bytes'
  | 'value_invalid'
  | 'version_unsupported'
  | 'out_of_order'
  | 'plaintext_behind_tls'

/**
 * A peer broke the wire protocol. What cannot be framed or means nothing here ends the connection; a body that was
 * framed but is malformed in the ways PostgreSQL forgives (`survivable`) is an error like any other.
 */
export class ProtocolError extends HoldpointError {
  readonly code: ProtocolErrorCode

  constructor(code: ProtocolErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }

  get sqlstate(): string {
    return sqlstates[this.code] ?? '08P01'
  }

  get survivable(): boolean {
    return this.code === 'text_not_utf8' || this.code === 'string_unterminated' || this.code === 'trailing_bytes'
  }
}

const sqlstates: Partial<Record<ProtocolErrorCode, string>> = {
  text_not_utf8: '22021',
  version_unsupported: '0A000',
}
