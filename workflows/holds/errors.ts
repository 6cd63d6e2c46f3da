import { HoldpointError } from '../../errors.ts'

export type HoldErrorCode =
  | 'not_found'
  | 'not_pending'
  | 'own_request'
  | 'not_a_reviewer'
  | 'not_a_person'
  | 'unknown_person'
  | 'deactivated'
  | 'already_voted'
  | 'not_yours'
  | 'not_executed'
  | 'reason_missing'
  | 'reason_given'
  | 'reason_empty'
  | 'alone'
  | 'no_break_glass'
  | 'nothing_to_review'
  | 'reviewed_already'
  | 'nothing_to_undo'
  | 'undone_already'
  | 'no_reviewers'
  | 'too_many'
  | 'too_many_of_asker'
  | 'queue_unreachable'
  | 'shutting_down'

/** A hold could not be made, answered or moved. The message is meant for the person who tried. */
export class HoldError extends HoldpointError {
  readonly code: HoldErrorCode

  constructor(code: HoldErrorCode, message: string, options?: ErrorOptions & { readonly hint?: string }) {
    super(message, options)
    this.code = code
  }
}
