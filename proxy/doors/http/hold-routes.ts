import type { FastifyRequest } from 'fastify'
import type { Pool } from 'pg'
import { sendProblem } from '../../../http-problem.ts'
import type { Routes } from '../../../http-schemas.ts'
import type { Identity } from '../../../policies/input.ts'
import { assertIsFor } from '../../../policies/scopes.ts'
import { holdAskedBy, holdsAskedBy } from '../../../workflows/holds/asked-by.ts'
import type { Hold, Holds } from '../../../workflows/holds/hold.ts'
import type { DeferredRuns } from '../../../workflows/results/deferred-runs.ts'
import type { Answer, Held } from '../answer.ts'
import { DoorError } from '../errors.ts'
import { holdViewOf, holdViews, type ViewSources } from '../hold-view.ts'
import { holdEvents } from './hold-events.ts'
import type { HoldStreams } from './hold-stream.ts'
import { deniedProblem, failedProblem } from './problem.ts'
import {
  completed,
  holdEventStream,
  holdList,
  holdPath,
  holdsQuery,
  holdView,
  problem,
  reasonBody,
  waitQuery,
} from './schemas.ts'
import { whenGone } from './statement-routes.ts'

export interface HoldRoutesOptions {
  readonly holds: Holds
  readonly pool: Pool
  readonly identityOf: (request: FastifyRequest) => Identity
  readonly runs: DeferredRuns
  readonly views: ViewSources
  readonly streams: HoldStreams
}

const answers = { 200: holdView, '4xx': problem, '5xx': problem }

/** The holds of whoever asks, wherever they were made; nobody answers one here. */
export function holdRoutes({ holds, pool, identityOf, runs, views, streams }: HoldRoutesOptions): Routes {
  const view = (hold: Hold) => holdViewOf(hold, views)
  const own = async (request: FastifyRequest, id: string): Promise<Hold> => {
    const hold = await holdAskedBy(pool, identityOf(request), id)
    if (hold === null) throw new DoorError('not_found', 'You have no such hold')
    return hold
  }

  return async (server) => {
    server.get(
      '/v1/holds',
      {
        schema: {
          summary: 'Your holds, newest first',
          querystring: holdsQuery,
          response: { ...answers, 200: holdList },
        },
      },
      async (request) => {
        const { holds: asked, next } = await holdsAskedBy(pool, identityOf(request), request.query)
        return { holds: await holdViews(asked, views), next }
      },
    )
    server.get(
      '/v1/holds/:id',
      {
        schema: {
          summary: 'One hold; with wait, as soon as it is answered',
          params: holdPath,
          querystring: waitQuery,
          response: answers,
        },
      },
      async (request, reply) => {
        const hold = await own(request, request.params.id)
        return view(await answered(holds, hold, request.query.wait, whenGone(reply)))
      },
    )
    server.get(
      '/v1/holds/:id/events',
      {
        schema: {
          summary: 'Follow it as server-sent events, each the hold as it is, until nothing more will become of it',
          params: holdPath,
          produces: ['text/event-stream'],
          response: { ...answers, 200: holdEventStream },
        },
      },
      async (request, reply) => {
        const hold = await own(request, request.params.id)
        reply.header('content-type', 'text/event-stream').header('x-accel-buffering', 'no')
        return reply.send(holdEvents(hold, identityOf(request), streams, views))
      },
    )
    server.get(
      '/v1/holds/:id/result',
      {
        schema: {
          summary: 'The result of a deferred statement, given out once',
          params: holdPath,
          response: { 200: completed, '4xx': problem, '5xx': problem },
        },
      },
      async (request, reply) => {
        const hold = await own(request, request.params.id)
        const answer = JSON.parse(await runs.fetch(hold.id)) as Exclude<Answer, Held>
        if (answer.kind === 'completed') return { status: answer.kind, ...answer }
        return sendProblem(reply, answer.kind === 'denied' ? deniedProblem(answer) : failedProblem(answer))
      },
    )
    server.delete(
      '/v1/holds/:id',
      { schema: { summary: 'Take it back', params: holdPath, response: answers } },
      async (request) => {
        const hold = await own(request, request.params.id)
        return view(await holds.withdraw(hold.id, identityOf(request)))
      },
    )
    server.post(
      '/v1/holds/:id/break-glass',
      {
        schema: {
          summary: 'Run it without an answer, where policy lets you; reviewers are told and have to review it',
          description: 'What is deferred runs by itself then; send anything else again.',
          params: holdPath,
          body: reasonBody,
          response: answers,
        },
      },
      async (request) => {
        const identity = identityOf(request)
        assertIsFor(identity, 'holdpoint:approve')
        const hold = await own(request, request.params.id)
        return view(await holds.breakGlass(hold.id, identity, { reason: request.body.reason, via: 'http' }))
      },
    )
    server.post(
      '/v1/holds/:id/reason',
      { schema: { summary: 'Say why you ask', params: holdPath, body: reasonBody, response: answers } },
      async (request) => {
        const hold = await own(request, request.params.id)
        return view(await holds.giveReason(hold.id, identityOf(request), request.body.reason))
      },
    )
  }
}

/** The hold as it is once it is no longer pending, or when the time that the request named is over. */
async function answered(holds: Holds, hold: Hold, waitSeconds: number, gone: AbortSignal): Promise<Hold> {
  if (waitSeconds === 0 || hold.status !== 'pending') return hold
  const end = AbortSignal.any([gone, AbortSignal.timeout(waitSeconds * 1_000)])
  try {
    return await holds.settled(hold.id, end)
  } catch (error) {
    if (!end.aborted) throw error
    return (await holds.find(hold.id)) ?? hold
  }
}
