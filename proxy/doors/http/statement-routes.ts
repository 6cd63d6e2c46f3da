import type { FastifyReply, FastifyRequest } from 'fastify'
import type { TargetConfig } from '../../../config.ts'
import { sendProblem } from '../../../http-problem.ts'
import type { Routes } from '../../../http-schemas.ts'
import type { Identity } from '../../../policies/input.ts'
import type { Webhooks } from '../../../workflows/results/webhooks.ts'
import { findTarget } from '../../identity/targets.ts'
import type { Held } from '../answer.ts'
import { DoorError } from '../errors.ts'
import { heldSentence, holdViewOf, type ViewSources } from '../hold-view.ts'
import { toText } from '../json-value.ts'
import type { RunStatement } from '../run-statement.ts'
import { deniedProblem, failedProblem } from './problem.ts'
import { completed, held, problem, statementBody, targetPath } from './schemas.ts'

export interface StatementRoutesOptions {
  readonly ask: RunStatement
  readonly targets: readonly TargetConfig[]
  readonly identityOf: (request: FastifyRequest) => Identity
  readonly rowsMax: number
  readonly bytesMax: number
  readonly views: ViewSources
  readonly webhooks: Webhooks
}

/** How soon it is worth asking again. Who does not want to ask again waits with `?wait`. */
const RETRY_AFTER_SECONDS = 5
const responses = { 200: completed, 202: held, '4xx': problem, '5xx': problem }

/** Statements: run, held, denied, or answered with the server's error. */
export function statementRoutes(options: StatementRoutesOptions): Routes {
  const { ask, targets, identityOf, rowsMax, bytesMax, views, webhooks } = options
  const heldAnswer = async ({ hold, instead, whole }: Held) => {
    const view = await holdViewOf(hold, views)
    return { status: 'held' as const, message: heldSentence(hold), glassWhole: whole, instead, hold: view }
  }

  return async (server) => {
    server.post(
      '/v1/targets/:environment/:database/statements',
      {
        schema: { summary: 'Run one statement', params: targetPath, body: statementBody, response: responses },
      },
      async (request, reply) => {
        const { sql, parameters, reason = null, onHold, maxRows = rowsMax, callback, breakGlass = null } = request.body
        const why = callback === undefined ? null : webhooks.refusal(callback)
        if (why !== null) throw new DoorError('callback_refused', why)
        const { environment, database } = request.params
        const answer = await ask({
          identity: identityOf(request),
          target: findTarget(`${environment}/${database}`, targets),
          door: 'http',
          address: request.ip,
          application: applicationOf(request),
          sql,
          parameters: parameters.map(toText),
          reason,
          breakGlass,
          onHold,
          rowsMax: Math.min(maxRows, rowsMax),
          bytesMax,
          signal: whenGone(reply),
        })
        switch (answer.kind) {
          case 'completed':
            return { status: answer.kind, ...answer }
          case 'held':
            if (callback !== undefined) await webhooks.remember(answer.hold.id, callback)
            reply.code(202).header('location', `/v1/holds/${answer.hold.id}`)
            reply.header('retry-after', `${RETRY_AFTER_SECONDS}`)
            return heldAnswer(answer)
          case 'denied':
            return sendProblem(reply, deniedProblem(answer))
          case 'failed':
            return sendProblem(reply, failedProblem(answer))
        }
      },
    )
  }
}

/** A claim, like application_name on the wire. */
function applicationOf({ headers }: FastifyRequest): string {
  return (headers['user-agent'] ?? 'http').replaceAll(/[^\x20-\x7e]/g, '?').slice(0, 63)
}

/** Also aborted when all has been answered; then it is of no consequence. */
export function whenGone({ raw }: FastifyReply): AbortSignal {
  const gone = new AbortController()
  raw.once('close', () => gone.abort())
  return gone.signal
}
