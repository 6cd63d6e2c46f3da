import type { Routes } from '../../http-schemas.ts'
import { createPins } from '../../workflows/releases/pins.ts'
import { ConsoleError } from './errors.ts'
import type { HoldRoutesOptions } from './hold-routes.ts'
import { commitPath, pinBody, pinPath, pullPath, pullView, releasesView, releaseView } from './release-schema.ts'
import { pullViewOf, type ReleaseSources, releasesViewOf, releaseViewOf } from './release-views.ts'
import type { Viewer } from './viewer.ts'

/** Which policies are in force and why, and pinning an earlier release: the one change that needs no pull request. */
export type ReleaseRoutesOptions = Pick<HoldRoutesOptions, 'viewerOf'> & Omit<ReleaseSources, 'pins'>

export function releaseRoutes({ viewerOf, ...options }: ReleaseRoutesOptions): Routes {
  const { config, pool, now } = options
  const { administrators, pinMsMax } = config.releases.github
  const pins = createPins({ pool, administrators, pinMsMax, now })
  const sources = { ...options, pins }
  /** An agent or a service is no administrator, whatever groups it has. */
  const administrator = ({ kind, person }: Viewer): Viewer['person'] => {
    if (kind !== 'human') throw new ConsoleError('people_only', 'Only people can pin a release.')
    return person
  }
  const view = ({ kind, person }: Viewer) =>
    releasesViewOf(sources, kind === 'human' && person.groups.includes(administrators))
  const answers = { schema: { response: { 200: releasesView } } }

  return async (fastify) => {
    fastify.get('/api/releases', answers, (request) => view(viewerOf(request)))

    fastify.get(
      '/api/releases/:commit',
      { schema: { params: commitPath, response: { 200: releaseView } } },
      async (request) => {
        const found = await releaseViewOf(sources, request.params.commit)
        if (found === null) throw new ConsoleError('not_found', 'There is no release of that commit.')
        return found
      },
    )

    fastify.get(
      '/api/releases/pulls/:number',
      { schema: { params: pullPath, response: { 200: pullView } } },
      async (request) => {
        const found = await pullViewOf(pool, request.params.number)
        if (found === null) throw new ConsoleError('not_found', 'That pull request has not been answered.')
        return found
      },
    )

    fastify.post(
      '/api/releases/pins',
      { schema: { body: pinBody, response: { 200: releasesView } } },
      async (request) => {
        const { release, reason, minutes } = request.body
        const viewer = viewerOf(request)
        await pins.request(administrator(viewer), { release, reason, ms: minutes * 60_000 })
        return view(viewer)
      },
    )

    const one = { schema: { params: pinPath, response: { 200: releasesView } } }
    fastify.post('/api/releases/pins/:id/confirm', one, async (request) => {
      const viewer = viewerOf(request)
      await pins.confirm(request.params.id, administrator(viewer))
      return view(viewer)
    })

    fastify.post('/api/releases/unpin', answers, async (request) => {
      const viewer = viewerOf(request)
      await pins.end(administrator(viewer))
      return view(viewer)
    })
  }
}
