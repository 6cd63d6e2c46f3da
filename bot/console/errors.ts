import { HoldpointError } from '../../errors.ts'

export type ConsoleErrorCode =
  | 'invalid_request'
  | 'unauthenticated'
  | 'session_expired'
  | 'cross_site_request'
  | 'people_only'
  | 'not_the_asker'
  | 'reason_required'
  | 'not_shown_whole'
  | 'not_found'
  | 'link_expired'
  | 'too_many_requests'
  | 'too_many_streams'
  | 'sign_in_refused'
  | 'sign_in_expired'
  | 'sign_in_failed'
  | 'sign_in_unavailable'

/** What the console refuses on its own account; what a hold refuses is a HoldError. Translated in problem.ts. */
export class ConsoleError extends HoldpointError {
  readonly code: ConsoleErrorCode

  constructor(code: ConsoleErrorCode, message: string, options: ErrorOptions & { readonly hint?: string } = {}) {
    super(message, options)
    this.code = code
  }
}
