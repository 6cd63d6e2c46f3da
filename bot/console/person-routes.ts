import type { FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { Routes } from '../../http-schemas.ts'
import { ConsoleError } from './errors.ts'
import type { EventStream } from './event-stream.ts'
import type { HoldRoutesOptions } from './hold-routes.ts'
import type { SlackLinks } from './parts.ts'
import { me, slackLink, slackLinkQuery } from './schemas.ts'
import { csrfTokenOf, type SessionStore } from './sessions.ts'
import type { Viewer } from './viewer.ts'

export interface PersonRoutesOptions extends Pick<HoldRoutesOptions, 'viewerOf'> {
  readonly development: boolean
  readonly events: EventStream
  /** Asks again who it is, while a page stays open. @throws ConsoleError */
  readonly stillViewer: (request: FastifyRequest) => Promise<Viewer>
  readonly sessions: SessionStore
  readonly clearSession: (reply: FastifyReply) => void
  readonly slackLinks: SlackLinks | undefined
}

/** What concerns the viewer alone: who they are, what changed for them, and their link to Slack. */
export function personRoutes(options: PersonRoutesOptions): Routes {
  const { development, events, slackLinks, viewerOf, stillViewer } = options
  const assertPerson = (viewer: Viewer): void => {
    if (viewer.kind !== 'human') throw new ConsoleError('people_only', 'Only people can be linked to a Slack user.')
  }

  return async (fastify) => {
    fastify.get('/api/me', { schema: { response: { 200: me } } }, async (request) => {
      const { person, kind, actsFor, sessionId, expiresAt } = viewerOf(request)
      return {
        ...person,
        groups: [...person.groups],
        kind,
        actsFor: actsFor === null ? null : { ...actsFor, groups: [...actsFor.groups] },
        csrfToken: sessionId === null ? null : csrfTokenOf(sessionId),
        expiresAt: new Date(expiresAt).toISOString(),
        development,
      }
    })

    fastify.post('/sign-out', async (request, reply) => {
      const { sessionId } = viewerOf(request)
      if (sessionId !== null) await options.sessions.end(sessionId)
      options.clearSession(reply)
      return reply.code(204).send()
    })

    fastify.get('/api/events', async (request, reply) => {
      const viewer = viewerOf(request)
      events.assertRoom(viewer)
      reply.hijack()
      // Hijacked replies skip the hooks that write headers, so what they set is written here.
      reply.raw.writeHead(200, {
        ...(reply.getHeaders() as Record<string, string>),
        'content-type': 'text/event-stream; charset=utf-8',
        'cache-control': 'no-store',
        'x-accel-buffering': 'no',
      })
      events.add(reply.raw, viewer, () => stillViewer(request))
    })

    fastify.get(
      '/api/slack-link',
      { schema: { querystring: slackLinkQuery, response: { 200: slackLink } } },
      async (request) => {
        const viewer = viewerOf(request)
        assertPerson(viewer)
        const link = await slackLinks?.find(request.query.code)
        if (!link) throw expired()
        return { ...link, you: viewer.person.name }
      },
    )

    fastify.post(
      '/api/slack-link',
      { schema: { body: slackLinkQuery, response: { 200: z.object({ linked: z.literal(true) }) } } },
      async (request) => {
        const viewer = viewerOf(request)
        assertPerson(viewer)
        const linked = await slackLinks?.confirm(request.body.code, viewer.person)
        if (linked !== true) throw expired()
        return { linked: true } as const
      },
    )
  }
}

function expired(): ConsoleError {
  return new ConsoleError('link_expired', 'This link is used up or too old.', {
    hint: 'Press a button on a card in Slack to get a new one',
  })
}
