import { STATUS_CODES } from 'node:http'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { HoldpointError } from '../../errors.ts'
import { ConsoleError } from './errors.ts'

/** The one place where an error becomes an HTTP answer: RFC 9457, plus the closed `code` that programs switch on. */
export interface Problem {
  readonly type: 'about:blank'
  readonly title: string
  readonly status: number
  readonly detail: string
  readonly code: string
  readonly hint?: string
  readonly instance: string
}

const statuses: Readonly<Record<string, number>> = {
  invalid_request: 400,
  reason_required: 400,
  unauthenticated: 401,
  session_expired: 401,
  cross_site_request: 403,
  people_only: 403,
  not_shown_whole: 403,
  not_the_asker: 403,
  sign_in_refused: 403,
  not_found: 404,
  link_expired: 404,
  sign_in_expired: 400,
  sign_in_failed: 502,
  sign_in_unavailable: 503,
  too_many_requests: 429,
  too_many_streams: 429,
  // HoldError
  own_request: 403,
  not_a_reviewer: 403,
  not_a_person: 403,
  unknown_person: 403,
  deactivated: 403,
  not_yours: 403,
  not_pending: 409,
  already_voted: 409,
  not_executed: 409,
  reason_missing: 409,
  reason_given: 409,
  reason_empty: 400,
  alone: 409,
  no_break_glass: 403,
  nothing_to_review: 409,
  reviewed_already: 409,
  bad_delegation: 400,
  unknown_delegation: 404,
  no_reviewers: 409,
  too_many: 429,
  queue_unreachable: 503,
  // ReleaseError
  not_possible: 409,
  // StateError and AuthenticationError
  unreachable: 503,
  unavailable: 503,
}

export function answerWithProblems(fastify: FastifyInstance): void {
  fastify.setNotFoundHandler((request, reply) =>
    send(request, reply, new ConsoleError('not_found', 'There is nothing at this address.')),
  )
  fastify.setErrorHandler((error, request, reply) => send(request, reply, error))
}

function send(request: FastifyRequest, reply: FastifyReply, error: unknown): FastifyReply {
  const problem = problemOf(error, request.id)
  if (problem.status >= 500) request.log.error({ err: error, code: problem.code }, 'request failed')
  if (problem.status === 401) reply.header('www-authenticate', 'Bearer realm="holdpoint"')
  return reply.code(problem.status).type('application/problem+json').send(JSON.stringify(problem))
}

export function problemOf(error: unknown, requestId: string): Problem {
  const known = error instanceof HoldpointError ? statuses[error.code] : undefined
  if (error instanceof HoldpointError && known !== undefined)
    return problem(known, error.code, error.message, requestId, error.hint)
  const status = clientStatus(error)
  if (status !== null)
    return problem(status, 'invalid_request', STATUS_CODES[status] ?? 'The request cannot be read.', requestId)
  // What went wrong inside is for the log; its text may hold what it failed on.
  return problem(500, 'internal', `Something failed on our side; the log has it under ${requestId}.`, requestId)
}

function problem(status: number, code: string, detail: string, requestId: string, hint?: string): Problem {
  const title = STATUS_CODES[status] ?? 'Error'
  return {
    type: 'about:blank',
    title,
    status,
    detail,
    code,
    ...(hint === undefined ? {} : { hint }),
    instance: `urn:request:${requestId}`,
  }
}

/** Fastify's own refusals (body too large, wrong media type, bad JSON) carry the status they deserve. */
function clientStatus(error: unknown): number | null {
  if (!(error instanceof Error) || !('statusCode' in error)) return null
  const { statusCode } = error
  return typeof statusCode === 'number' && statusCode >= 400 && statusCode < 500 ? statusCode : null
}
