import { HoldpointError } from '../../errors.ts'

export type DirectoryErrorCode =
  | 'bad_name'
  | 'bad_expiry'
  | 'not_an_agent'
  | 'unknown_person'
  | 'no_scope'
  | 'unknown_token'
  | 'bad_link'
  | 'bad_delegation'
  | 'unknown_delegation'

/** Something that was asked of the directory does not fit it. */
export class DirectoryError extends HoldpointError {
  readonly code: DirectoryErrorCode

  constructor(code: DirectoryErrorCode, message: string, options?: ErrorOptions & { readonly hint?: string }) {
    super(message, options)
    this.code = code
  }
}
