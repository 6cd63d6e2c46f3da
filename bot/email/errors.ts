import { HoldpointError } from '../../errors.ts'

export type EmailErrorCode = 'email_unreachable' | 'email_deferred'

/** Mail that has not gone out yet and will be tried again. What a server does not want at all is written down, not thrown. */
export class EmailError extends HoldpointError {
  readonly code: EmailErrorCode

  constructor(code: EmailErrorCode, message: string, options: ErrorOptions & { readonly hint?: string } = {}) {
    super(message, options)
    this.code = code
  }
}
