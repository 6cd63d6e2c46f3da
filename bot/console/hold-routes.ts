import type { FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { Hold } from '../../workflows/holds/hold.ts'
import { isAsker } from '../../workflows/holds/identity-key.ts'
import { ConsoleError } from './errors.ts'
import { holdSummaryOf, holdViewOf, maySee } from './hold-view.ts'
import type { ConsoleParts } from './parts.ts'
import { holdPath, holdStatus, holdSummary, holdsQuery, holdView, voteBody } from './schemas.ts'
import type { Viewer } from './viewer.ts'
import type { Routes } from './zod-schemas.ts'

export interface HoldRoutesOptions {
  readonly holds: ConsoleParts['holds']
  readonly policyReviewed: boolean
  /** Who asks, established before anything of the request is looked at. */
  readonly viewerOf: (request: FastifyRequest) => Viewer
}

/** How many rows are looked at for one list: what a person may not see is left out after reading. */
const ROWS_LOOKED_AT_MAX = 1_000

const DECIDED = holdStatus.exclude(['pending']).options

export function holdRoutes({ holds, policyReviewed, viewerOf }: HoldRoutesOptions): Routes {
  /** What someone may not see does not exist for them. */
  const visible = async (id: string, viewer: Viewer): Promise<Hold> => {
    const hold = await holds.find(id)
    if (hold === null || !maySee(hold, viewer)) throw new ConsoleError('not_found', 'There is no such hold.')
    return hold
  }

  /** Asked for by status, so that many of one kind do not push the others out of sight. */
  const newest = async (status: z.infer<typeof holdsQuery>['status']): Promise<readonly Hold[]> => {
    if (status !== 'decided')
      return holds.list({ limit: ROWS_LOOKED_AT_MAX, ...(status === undefined ? {} : { status }) })
    const found = await Promise.all(DECIDED.map((one) => holds.list({ status: one, limit: ROWS_LOOKED_AT_MAX / 2 })))
    return found.flat().sort((a, b) => Date.parse(b.decidedAt ?? b.createdAt) - Date.parse(a.decidedAt ?? a.createdAt))
  }

  return async (fastify) => {
    fastify.get(
      '/api/holds',
      { schema: { querystring: holdsQuery, response: { 200: z.object({ holds: z.array(holdSummary) }) } } },
      async (request) => {
        const viewer = viewerOf(request)
        const { status, limit } = request.query
        const wanted = (await newest(status)).filter((hold) => maySee(hold, viewer))
        return { holds: wanted.slice(0, limit).map((hold) => holdSummaryOf(hold, viewer)) }
      },
    )

    fastify.get('/api/holds/:id', { schema: { params: holdPath, response: { 200: holdView } } }, async (request) => {
      const viewer = viewerOf(request)
      return holdViewOf(await visible(request.params.id, viewer), viewer, policyReviewed)
    })

    fastify.post(
      '/api/holds/:id/votes',
      { schema: { params: holdPath, body: voteBody, response: { 200: holdView } } },
      async (request) => {
        const viewer = viewerOf(request)
        await visible(request.params.id, viewer)
        if (viewer.kind !== 'human')
          throw new ConsoleError('people_only', 'Only people can answer; agents and services cannot.')
        const { choice } = request.body
        const reason = request.body.reason || null
        if (choice === 'reject' && reason === null)
          throw new ConsoleError('reason_required', 'Say why, so that the person who asked knows what to do.')
        const hold = await holds.vote(request.params.id, viewer.person, { choice, reason, via: viewer.via })
        return holdViewOf(hold, viewer, policyReviewed)
      },
    )

    fastify.post(
      '/api/holds/:id/withdraw',
      { schema: { params: holdPath, response: { 200: holdView } } },
      async (request) => {
        const viewer = viewerOf(request)
        const hold = await visible(request.params.id, viewer)
        if (!isAsker(hold.identity, viewer.person))
          throw new ConsoleError('not_the_asker', 'Only who asked can withdraw; you can reject it.')
        return holdViewOf(await holds.withdraw(hold.id, viewer.person), viewer, policyReviewed)
      },
    )
  }
}
