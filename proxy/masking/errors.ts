import { HoldpointError } from '../../errors.ts'

export type MaskErrorCode =
  /** A DataRow that is not what its RowDescription promised. */
  | 'row_malformed'
  /** An ErrorResponse or NoticeResponse without what every one has. */
  | 'error_malformed'
  /** A column format that is neither text nor binary. */
  | 'format_unknown'

/** The server sent what cannot be masked safely. Nothing of it is forwarded, and both connections end. */
export class MaskError extends HoldpointError {
  readonly code: MaskErrorCode

  constructor(code: MaskErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}
