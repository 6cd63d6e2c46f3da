import type { FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { Routes } from '../../http-schemas.ts'
import { createDelegations } from '../../workflows/directory/delegations.ts'
import { peopleCalled } from '../../workflows/directory/people-called.ts'
import { delegationBody, delegationPath, delegationView } from './delegation-schema.ts'
import { ConsoleError } from './errors.ts'
import type { ConsoleParts } from './parts.ts'
import type { Viewer } from './viewer.ts'

export interface DelegationRoutesOptions extends Pick<ConsoleParts, 'pool' | 'now'> {
  readonly viewerOf: (request: FastifyRequest) => Viewer
}

const all = z.object({ delegations: z.array(delegationView) })

/** Who answers for whom while they are away: said by who is away, for themselves. */
export function delegationRoutes({ pool, now, viewerOf }: DelegationRoutesOptions): Routes {
  const delegations = createDelegations(pool, now)

  return async (fastify) => {
    fastify.get('/api/delegations', { schema: { response: { 200: all } } }, async (request) => ({
      delegations: [...(await delegations.list(viewerOf(request).person))],
    }))

    fastify.post(
      '/api/delegations',
      { schema: { body: delegationBody, response: { 200: delegationView } } },
      async (request) => {
        const { person, kind } = viewerOf(request)
        if (kind !== 'human') throw new ConsoleError('people_only', 'Only people can let others answer for them.')
        const { to, from, until } = request.body
        const [only, ...more] = await peopleCalled(pool, to)
        if (only === undefined) throw new ConsoleError('invalid_request', 'Nobody is known by that name or address.')
        if (more.length > 0)
          throw new ConsoleError('invalid_request', 'Several people are called that.', {
            hint: 'Give the e-mail address',
          })
        const startsAt = from === undefined ? new Date(now()) : new Date(from)
        return delegations.delegate({ from: person, to: only, startsAt, endsAt: new Date(until) })
      },
    )

    fastify.post(
      '/api/delegations/:id/revoke',
      { schema: { params: delegationPath, response: { 200: all } } },
      async (request) => {
        const { person } = viewerOf(request)
        await delegations.revoke(request.params.id, person)
        return { delegations: [...(await delegations.list(person))] }
      },
    )
  }
}
