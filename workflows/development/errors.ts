import { HoldpointError } from '../../errors.ts'

export type DevelopmentErrorCode =
  | 'data_folder_foreign'
  | 'data_folder_damaged'
  | 'data_folder_denied'
  | 'already_running'
  | 'not_running'
  | 'port_taken'
  | 'postgres_failed'
  | 'account_missing'
  | 'proxy_failed'
  | 'not_development'
  | 'interrupted'

/** Something on this machine keeps the development tree from starting; the hint says what to do about it. */
export class DevelopmentError extends HoldpointError {
  readonly code: DevelopmentErrorCode

  constructor(
    code: DevelopmentErrorCode,
    message: string,
    options: ErrorOptions & { readonly hint?: string | undefined } = {},
  ) {
    super(message, options)
    this.code = code
  }
}
