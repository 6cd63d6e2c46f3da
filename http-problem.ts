import { STATUS_CODES } from 'node:http'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { HoldpointError } from './errors.ts'

/** Where an error becomes an HTTP answer: RFC 9457, plus the closed `code` that programs switch on. */
export interface Problem {
  readonly type: 'about:blank'
  readonly title: string
  readonly status: number
  readonly detail: string
  readonly code: string
  readonly hint?: string
  /** Finds it in the log. */
  readonly instance?: string
  readonly [more: string]: unknown
}

export interface ProblemOptions {
  /** By the code of an error; what is not in it is a fault of ours, and says nothing of itself. */
  readonly statuses: Readonly<Record<string, number>>
  readonly notFound: () => HoldpointError
  /** Adds what a client needs to do better: which credential, for instance. */
  readonly headers?: (error: unknown, problem: Problem, request: FastifyRequest, reply: FastifyReply) => void
}

/** What means the same at every door, to be spread into a door's own table. */
export const commonStatuses = {
  invalid_request: 400,
  unauthenticated: 401,
  insufficient_scope: 403,
  not_found: 404,
  too_many_requests: 429,
  too_many_failures: 429,
  too_many_streams: 429,
  // HoldError
  not_pending: 409,
  not_a_person: 403,
  deactivated: 403,
  no_break_glass: 403,
  reason_given: 409,
  reason_empty: 400,
  no_reviewers: 409,
  too_many: 429,
  queue_unreachable: 503,
  shutting_down: 503,
  // StateError and AuthenticationError
  unreachable: 503,
  unavailable: 503,
} as const satisfies Readonly<Record<string, number>>

export function answerWithProblems(server: FastifyInstance, options: ProblemOptions): void {
  const send = (request: FastifyRequest, reply: FastifyReply, error: unknown): FastifyReply => {
    const problem = problemOf(error, request.id, options.statuses)
    if (problem.status >= 500) request.log.error({ err: error, code: problem.code }, 'request failed')
    // A field that an error declares is there even where it was not given.
    if (error instanceof HoldpointError && 'retryAfterMs' in error && typeof error.retryAfterMs === 'number')
      reply.header('retry-after', Math.max(1, Math.ceil(error.retryAfterMs / 1_000)))
    options.headers?.(error, problem, request, reply)
    return sendProblem(reply, problem)
  }
  server.setNotFoundHandler((request, reply) => send(request, reply, options.notFound()))
  server.setErrorHandler((error, request, reply) => send(request, reply, error))
}

export function sendProblem(reply: FastifyReply, problem: Problem): FastifyReply {
  return reply.code(problem.status).type('application/problem+json').send(JSON.stringify(problem))
}

export function problemOf(error: unknown, requestId: string, statuses: ProblemOptions['statuses']): Problem {
  const instance = `urn:request:${requestId}`
  const known = error instanceof HoldpointError ? statuses[error.code] : undefined
  if (error instanceof HoldpointError && known !== undefined) {
    const hint = error.hint === undefined ? {} : { hint: error.hint }
    return newProblem(known, error.code, error.message, { ...hint, instance })
  }
  const status = clientStatus(error)
  if (status !== null) {
    const detail = STATUS_CODES[status] ?? 'The request cannot be read'
    return newProblem(status, 'invalid_request', detail, { instance })
  }
  // What went wrong inside is for the log; its text may hold what it failed on.
  const detail = `Something failed on our side; the log has it under ${requestId}`
  return newProblem(500, 'internal', detail, { instance })
}

export function newProblem(
  status: number,
  code: string,
  detail: string,
  more: Readonly<Record<string, unknown>> = {},
): Problem {
  return { type: 'about:blank', title: STATUS_CODES[status] ?? 'Error', status, detail, code, ...more }
}

/** Fastify's own refusals (body too large, wrong media type, bad JSON) carry the status they deserve. */
function clientStatus(error: unknown): number | null {
  if (!(error instanceof Error) || !('statusCode' in error)) return null
  const { statusCode } = error
  return typeof statusCode === 'number' && statusCode >= 400 && statusCode < 500 ? statusCode : null
}
