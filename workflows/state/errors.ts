import { HoldpointError } from '../../errors.ts'

export type StateErrorCode =
  | 'not_configured'
  | 'unreachable'
  | 'failed'
  | 'migration_changed'
  | 'migration_unknown'
  | 'migration_failed'

/** The state database cannot be used. Whatever needed it is refused: nothing is let through on a guess. */
export class StateError extends HoldpointError {
  readonly code: StateErrorCode

  constructor(code: StateErrorCode, message: string, options?: ErrorOptions & { readonly hint?: string }) {
    super(message, options)
    this.code = code
  }
}

const UNREACHABLE = new Set(['ECONNREFUSED', 'ECONNRESET', 'ENOTFOUND', 'EPIPE', 'ETIMEDOUT', 'EAI_AGAIN'])
/** SQLSTATE classes: connection exception, insufficient resources, operator intervention. */
const UNREACHABLE_CLASSES = new Set(['08', '53', '57'])

/** What a query threw, as a StateError; our own errors pass unchanged. */
export function asStateError(cause: unknown): Error {
  if (cause instanceof HoldpointError) return cause
  return isUnreachable(cause)
    ? new StateError('unreachable', 'The state database does not answer', {
        cause,
        hint: 'Check that it runs and that state.url is right; nothing is lost, and nothing runs meanwhile',
      })
    : new StateError('failed', 'The state database refused a query', { cause })
}

function isUnreachable(cause: unknown): boolean {
  if (!(cause instanceof Error)) return false
  const code = 'code' in cause && typeof cause.code === 'string' ? cause.code : null
  // pg itself throws without a code when a connection ends or cannot be had in time.
  if (code === null) return true
  return UNREACHABLE.has(code) || UNREACHABLE_CLASSES.has(code.slice(0, 2))
}
