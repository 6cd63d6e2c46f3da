import { HoldpointError } from '../../errors.ts'

export type AuthenticationErrorCode =
  /** 28P01 on the wire, 401 over HTTP: the credential proves nothing. */
  | 'bad_credential'
  /** 28000: it proves someone, but not who was named, or someone who may not come in. */
  | 'wrong_user'
  /** 28000, 403: it proves someone, and is not for this. */
  | 'insufficient_scope'
  /** 3D000: there is no such target. */
  | 'unknown_target'
  /** 28000, 429: too many from this address have proven nothing; this one was not looked at. */
  | 'too_many_failures'
  /** 58000, 503: it could not be checked now. Nobody gets in meanwhile. */
  | 'unavailable'

/** Nobody comes in. The message is what the one who asks may know; the cause is for the log. */
export class AuthenticationError extends HoldpointError {
  readonly code: AuthenticationErrorCode
  /** Sooner is no use; absent: whenever. */
  readonly retryAfterMs?: number

  constructor(
    code: AuthenticationErrorCode,
    message: string,
    options: ErrorOptions & { readonly hint?: string | undefined; readonly retryAfterMs?: number } = {},
  ) {
    super(message, options)
    this.code = code
    if (options.retryAfterMs !== undefined) this.retryAfterMs = options.retryAfterMs
  }
}
