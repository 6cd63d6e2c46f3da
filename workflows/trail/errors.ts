import { HoldpointError } from '../../errors.ts'

export type TrailErrorCode =
  /** The journal could not be written; nothing is recorded, so nothing may run, until the process is started again. */
  | 'journal_failed'
  /** What is on disk is not what was written. */
  | 'journal_damaged'
  /** Another process writes this journal. */
  | 'journal_locked'
  | 'journal_closed'
  /** An event that canonical JSON cannot express; nothing of it was recorded. */
  | 'event_invalid'
  /** Files and state database disagree; shipping would bury the disagreement. */
  | 'shipping_refused'

export class TrailError extends HoldpointError {
  readonly code: TrailErrorCode

  constructor(code: TrailErrorCode, message: string, options?: ErrorOptions & { readonly hint?: string }) {
    super(message, options)
    this.code = code
  }
}

/** ` (ENOSPC)`, for a message: the code says what a person needs, the rest is in the cause. */
export function codeOf(cause: unknown): string {
  return cause instanceof Error && 'code' in cause && typeof cause.code === 'string' ? ` (${cause.code})` : ''
}
