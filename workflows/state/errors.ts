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

/**
 * What a query threw, as a StateError. Our own errors pass unchanged, and so do our mistakes: a TypeError in what we do
 * between two queries is no outage, and must not be waited out as one.
 *
 * @param answers whether the connection has answered since, so that an error without a code is not of its end
 */
export function asStateError(cause: unknown, answers = false): Error {
  if (cause instanceof HoldpointError || isMistake(cause) || (answers && codeOf(cause) === null)) return asError(cause)
  return isUnreachable(cause)
    ? new StateError('unreachable', 'The state database does not answer', {
        cause,
        hint: 'Check that it runs and that state.url is right; nothing is lost, and nothing runs meanwhile',
      })
    : new StateError('failed', 'The state database refused a query', { cause })
}

const MISTAKES = [TypeError, RangeError, ReferenceError, SyntaxError]

/** pg and the network throw plain errors; what has a name of its own and no code comes from elsewhere, as from zod. */
function isMistake(cause: unknown): boolean {
  if (!(cause instanceof Error)) return false
  return MISTAKES.some((mistake) => cause instanceof mistake) || (codeOf(cause) === null && cause.name !== 'Error')
}

function isUnreachable(cause: unknown): boolean {
  if (!(cause instanceof Error)) return false
  const code = codeOf(cause)
  // pg itself throws without a code when a connection ends or cannot be had in time.
  if (code === null) return true
  return UNREACHABLE.has(code) || UNREACHABLE_CLASSES.has(code.slice(0, 2))
}

function codeOf(cause: unknown): string | null {
  return cause instanceof Error && 'code' in cause && typeof cause.code === 'string' ? cause.code : null
}

function asError(cause: unknown): Error {
  return cause instanceof Error ? cause : new Error('something that is no error was thrown', { cause })
}
