import { HoldpointError } from '../../errors.ts'

export type ResultErrorCode = 'other_key' | 'result_pending' | 'result_gone' | 'not_run' | 'no_result'

/** The result of a deferred statement cannot be had; the message is for whoever asked. */
export class ResultError extends HoldpointError {
  readonly code: ResultErrorCode

  constructor(code: ResultErrorCode, message: string, options?: ErrorOptions & { readonly hint?: string }) {
    super(message, options)
    this.code = code
  }
}
