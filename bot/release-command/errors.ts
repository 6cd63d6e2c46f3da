import { HoldpointError } from '../../errors.ts'

export class ReleaseCommandError extends HoldpointError {
  readonly code: 'unreachable' | 'refused' | 'no_token'

  constructor(
    code: ReleaseCommandError['code'],
    message: string,
    options: ErrorOptions & { readonly hint?: string | undefined } = {},
  ) {
    super(message, options)
    this.code = code
  }
}
