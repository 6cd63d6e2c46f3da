import { HoldpointError } from '../errors.ts'

export type ProxyErrorCode =
  | 'start_failed'
  | 'no_targets'
  | 'no_policy'
  | 'no_identity_provider'
  | 'identity_unknown'
  | 'sql_unreadable'
  | 'sql_not_utf8'

/** A proxy process cannot begin, or not go on, to serve. Nothing was let through. */
export class ProxyError extends HoldpointError {
  readonly code: ProxyErrorCode

  constructor(
    code: ProxyErrorCode,
    message: string,
    options: ErrorOptions & { readonly hint?: string | undefined } = {},
  ) {
    super(message, options)
    this.code = code
  }
}
