import type { FastifyInstance } from 'fastify'
import { commonStatuses, answerWithProblems as problems } from '../../http-problem.ts'
import { ScopeError } from '../../policies/scopes.ts'
import { ConsoleError } from './errors.ts'

/** Which status the console answers an error with. */
const statuses: Readonly<Record<string, number>> = {
  ...commonStatuses,
  reason_required: 400,
  session_expired: 401,
  cross_site_request: 403,
  people_only: 403,
  not_shown_whole: 403,
  not_the_asker: 403,
  sign_in_refused: 403,
  link_expired: 404,
  sign_in_expired: 400,
  sign_in_failed: 502,
  sign_in_unavailable: 503,
  // ResultError
  other_key: 503,
  // HoldError
  own_request: 403,
  not_a_reviewer: 403,
  unknown_person: 403,
  not_yours: 403,
  already_voted: 409,
  not_executed: 409,
  reason_missing: 409,
  alone: 409,
  nothing_to_review: 409,
  reviewed_already: 409,
  nothing_to_undo: 409,
  undone_already: 409,
  bad_delegation: 400,
  unknown_delegation: 404,
  // ReleaseError
  not_possible: 409,
}

export function answerWithProblems(server: FastifyInstance): void {
  problems(server, {
    statuses,
    notFound: () => new ConsoleError('not_found', 'There is nothing at this address.'),
    headers: (error, { status }, _request, reply) => {
      if (status === 401) reply.header('www-authenticate', 'Bearer realm="holdpoint"')
      if (error instanceof ScopeError) reply.header('www-authenticate', `Bearer realm="holdpoint", ${error.challenge}`)
    },
  })
}
