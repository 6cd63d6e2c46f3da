import { HoldpointError } from '../../errors.ts'

export type SessionErrorCode =
  | 'bad_credential'
  | 'wrong_user'
  | 'too_many_failures'
  | 'insufficient_scope'
  | 'unknown_target'
  | 'authentication_timeout'
  | 'tls_required'
  | 'too_many_sessions'
  | 'parameter_refused'
  | 'upstream_unreachable'
  | 'upstream_refused'
  | 'upstream_lost'
  | 'upstream_violation'
  | 'settings_changed'
  | 'trail_not_writable'
  | 'mask_not_proven'
  | 'definitions_changed'
  | 'held_input_too_large'
  | 'credential_expired'
  | 'shutting_down'
  | 'internal'

/** The connection ends, and the client is told this much. `sqlstate` overrides the code's own. */
export class SessionError extends HoldpointError {
  readonly code: SessionErrorCode
  readonly sqlstate: string

  constructor(
    code: SessionErrorCode,
    message: string,
    options: ErrorOptions & { readonly hint?: string | undefined; readonly sqlstate?: string | undefined } = {},
  ) {
    super(message, options)
    this.code = code
    this.sqlstate = options.sqlstate ?? sqlstates[code]
  }
}

const sqlstates: Readonly<Record<SessionErrorCode, string>> = {
  bad_credential: '28P01',
  wrong_user: '28000',
  too_many_failures: '28000',
  insufficient_scope: '28000',
  unknown_target: '3D000',
  authentication_timeout: '08006',
  tls_required: '28000',
  too_many_sessions: '53300',
  parameter_refused: '42501',
  upstream_unreachable: '08001',
  upstream_refused: '08004',
  upstream_lost: '08006',
  upstream_violation: '08P01',
  settings_changed: '42501',
  trail_not_writable: '58030',
  mask_not_proven: '42501',
  definitions_changed: '40001',
  held_input_too_large: '54000',
  credential_expired: '57P05',
  shutting_down: '57P01',
  internal: 'XX000',
}

/** The server's messages no longer fit what was asked: the two ends do not agree, and nothing of it can be trusted. */
export function violation(what: string): SessionError {
  return new SessionError('upstream_violation', `The database ${what}; the connection ends`)
}

/** Before its time was over: its bearer was deactivated, or it was revoked. */
export function revoked(): SessionError {
  return new SessionError('credential_expired', 'The credential this session rests on is no longer good')
}

export function trailNotWritable(cause: unknown): SessionError {
  return new SessionError('trail_not_writable', 'The statement was not run because it could not be recorded', {
    cause,
    hint: 'Tell whoever runs Holdpoint',
  })
}
