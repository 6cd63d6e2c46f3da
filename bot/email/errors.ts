import { HoldpointError } from '../../errors.ts'

export type EmailErrorCode = 'email_unreachable' | 'email_deferred' | 'email_refused'

/** Mail that has not gone out. One address that is refused for good is written down; when all of them are, it is said. */
export class EmailError extends HoldpointError {
  readonly code: EmailErrorCode
  /** false: no further try makes sense, and people have to be told in another way. */
  readonly retryable: boolean
  /** True of all mail. */
  readonly outage: boolean

  constructor(code: EmailErrorCode, message: string, options: ErrorOptions & { readonly hint?: string } = {}) {
    super(message, options)
    this.code = code
    this.retryable = code !== 'email_refused'
    this.outage = code === 'email_unreachable'
  }
}
