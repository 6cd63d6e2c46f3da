import type { FastifyInstance } from 'fastify'
import { commonStatuses, newProblem, type Problem, answerWithProblems as problems } from '../../../http-problem.ts'
import { ScopeError } from '../../../policies/scopes.ts'
import type { Denied, Failed } from '../answer.ts'
import type { Bearers } from '../bearer.ts'
import { DoorError } from '../errors.ts'

/** Which status the API answers an error with, and what becomes of a statement that was not run. */
const statuses: Readonly<Record<string, number>> = {
  ...commonStatuses,
  callback_refused: 400,
  unknown_target: 404,
  result_pending: 409,
  result_gone: 410,
  not_run: 410,
  no_result: 404,
  other_key: 503,
  // HoldError
  not_yours: 404,
}

export function answerWithProblems(server: FastifyInstance, bearers: Bearers): void {
  problems(server, {
    statuses,
    notFound: () => new DoorError('not_found', 'There is nothing at this address'),
    headers: (error, { status }, request, reply) => {
      if (error instanceof ScopeError) bearers.challenge(reply, error.challenge)
      else if (status === 401) {
        bearers.challenge(reply, request.headers.authorization === undefined ? null : 'error="invalid_token"')
      }
    },
  })
}

export function deniedProblem({ message, rules, instead }: Denied): Problem {
  const fired = rules.map(({ id, title, reason }) => ({ id, title, reason }))
  return newProblem(403, 'denied', message, { sqlstate: '42501', rules: fired, instead })
}

/** The statement came back with an error, of the server or of the session. */
export function failedProblem({ sqlstate, message, detail, hint, position }: Failed): Problem {
  return newProblem(statusOf(sqlstate), 'sql_error', message, {
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
  // More or fewer parameters than the statement has: trying again is no use.
  '08P01': 422,
  '28P01': 401,
  '3D000': 404,
  '42501': 403,
  // As many statements are held as may be.
  '53400': 429,
  '57014': 408,
  XX000: 500,
}
const byClass: Readonly<Record<string, number>> = { '08': 503, '23': 409, '40': 409, '53': 503, '57': 503, '58': 503 }
