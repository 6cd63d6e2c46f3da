import { STATUS_CODES } from 'node:http'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { HoldpointError } from '../../../errors.ts'
import type { Denied, Failed } from '../answer.ts'
import type { Bearers } from '../bearer.ts'
import { DoorError } from '../errors.ts'

/** Where an error becomes an HTTP answer: RFC 9457, plus the closed `code` that programs switch on. */
export interface Problem {
  readonly type: 'about:blank'
  readonly title: string
  readonly status: number
  readonly detail: string
  readonly code: string
  readonly [more: string]: unknown
}

const statuses: Readonly<Record<string, number>> = {
  invalid_request: 400,
  callback_refused: 400,
  unauthenticated: 401,
  not_found: 404,
  unknown_target: 404,
  result_pending: 409,
  result_gone: 410,
  not_run: 410,
  no_result: 404,
  other_key: 503,
  too_many_requests: 429,
  too_many_streams: 429,
  // HoldError
  not_yours: 404,
  not_pending: 409,
  reason_given: 409,
  reason_empty: 400,
  too_many: 429,
  queue_unreachable: 503,
  shutting_down: 503,
  // StateError and AuthenticationError
  unreachable: 503,
  unavailable: 503,
}

export function answerWithProblems(server: FastifyInstance, bearers: Bearers): void {
  server.setNotFoundHandler((request, reply) =>
    send(request, reply, new DoorError('not_found', 'There is nothing at this address'), bearers),
  )
  server.setErrorHandler((error, request, reply) => send(request, reply, error, bearers))
}

function send(request: FastifyRequest, reply: FastifyReply, error: unknown, bearers: Bearers): FastifyReply {
  const problem = problemOf(error, request.id)
  if (problem.status >= 500) request.log.error({ err: error, code: problem.code }, 'request failed')
  if (problem.status === 401) bearers.challenge(reply, request.headers.authorization !== undefined)
  return sendProblem(reply, problem)
}

export function sendProblem(reply: FastifyReply, problem: Problem): FastifyReply {
  return reply.code(problem.status).type('application/problem+json').send(JSON.stringify(problem))
}

function problemOf(error: unknown, requestId: string): Problem {
  const known = error instanceof HoldpointError ? statuses[error.code] : undefined
  if (error instanceof HoldpointError && known !== undefined) {
    return problem(known, error.code, error.message, error.hint === undefined ? {} : { hint: error.hint })
  }
  const status = clientStatus(error)
  if (status !== null) return problem(status, 'invalid_request', STATUS_CODES[status] ?? 'The request cannot be read')
  // What went wrong inside is for the log; its text may hold what it failed on.
  return problem(500, 'internal', `Something failed on our side; the log has it under ${requestId}`)
}

function problem(status: number, code: string, detail: string, more: Readonly<Record<string, unknown>> = {}): Problem {
  return { type: 'about:blank', title: STATUS_CODES[status] ?? 'Error', status, detail, code, ...more }
}

/** Fastify's own refusals (body too large, wrong media type, bad JSON) carry the status they deserve. */
function clientStatus(error: unknown): number | null {
  if (!(error instanceof Error) || !('statusCode' in error)) return null
  const { statusCode } = error
  return typeof statusCode === 'number' && statusCode >= 400 && statusCode < 500 ? statusCode : null
}

export function deniedProblem({ message, rules, instead }: Denied): Problem {
  const fired = rules.map(({ id, title, reason }) => ({ id, title, reason }))
  return problem(403, 'denied', message, { sqlstate: '42501', rules: fired, instead })
}

/** The statement came back with an error, of the server or of the session. */
export function failedProblem({ sqlstate, message, detail, hint, position }: Failed): Problem {
  return problem(statusOf(sqlstate), 'sql_error', message, {
    sqlstate,
    ...(detail === null ? {} : { sqlDetail: detail }),
    ...(hint === null ? {} : { hint }),
    ...(position === null ? {} : { position }),
  })
}

/** By SQLSTATE and its class: https://www.postgresql.org/docs/current/errcodes-appendix.html */
function statusOf(sqlstate: string): number {
  return bySqlstate[sqlstate] ?? byClass[sqlstate.slice(0, 2)] ?? 422
}

const bySqlstate: Readonly<Record<string, number>> = {
  '28P01': 401,
  '3D000': 404,
  '42501': 403,
  '57014': 408,
  XX000: 500,
}
const byClass: Readonly<Record<string, number>> = { '08': 503, '23': 409, '40': 409, '53': 503, '57': 503, '58': 503 }
