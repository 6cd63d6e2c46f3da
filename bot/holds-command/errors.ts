import { HoldpointError } from '../../errors.ts'

export type HoldsCommandErrorCode = 'no_token' | 'bad_time' | 'no_console' | 'unreachable' | 'refused'

/** The console could not be asked, or said no. `exitStatus` is for scripts; see holds-command.ts. */
export class HoldsCommandError extends HoldpointError {
  readonly code: HoldsCommandErrorCode
  readonly exitStatus: number

  constructor(
    code: HoldsCommandErrorCode,
    message: string,
    options: ErrorOptions & { readonly hint?: string; readonly exitStatus: number },
  ) {
    super(message, options)
    this.code = code
    this.exitStatus = options.exitStatus
  }
}
