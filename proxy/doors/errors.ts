import { HoldpointError } from '../../errors.ts'

export type DoorErrorCode =
  | 'invalid_request'
  | 'unauthenticated'
  | 'not_found'
  | 'too_many_requests'
  | 'too_many_streams'
  | 'callback_refused'

/** What a door itself refuses; statements are refused by the gate and the server. */
export class DoorError extends HoldpointError {
  readonly code: DoorErrorCode

  constructor(code: DoorErrorCode, message: string, options?: ErrorOptions & { readonly hint?: string }) {
    super(message, options)
    this.code = code
  }
}
