import { HoldpointError } from '../errors.ts'

export type BotErrorCode = 'port_taken'

/** The place where people answer could not be opened. */
export class BotError extends HoldpointError {
  readonly code: BotErrorCode

  constructor(
    code: BotErrorCode,
    message: string,
    options: ErrorOptions & { readonly hint?: string | undefined } = {},
  ) {
    super(message, options)
    this.code = code
  }
}
