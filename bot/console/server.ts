import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import cookie from '@fastify/cookie'
import helmet from '@fastify/helmet'
import rateLimit from '@fastify/rate-limit'
import { type FastifyBaseLogger, type FastifyInstance, type FastifyRequest, fastify, LogController } from 'fastify'
import { trusted } from '../../forwarded.ts'
import { useZodSchemas } from '../../http-schemas.ts'
import type { Scope } from '../../policies/input.ts'
import { assertIsFor } from '../../policies/scopes.ts'
import { listenForChanges } from '../../workflows/holds/hold-changes.ts'
import { usesReleases } from '../../workflows/releases/uses-releases.ts'
import { createAddress } from './address.ts'
import { bundlePages } from './bundle.ts'
import { delegationRoutes } from './delegation-routes.ts'
import { ConsoleError } from './errors.ts'
import { createEventStream } from './event-stream.ts'
import { exampleRoutes } from './example-routes.ts'
import { holdRoutes } from './hold-routes.ts'
import { createIdentityProvider } from './identity-provider.ts'
import { pageRoutes } from './page-routes.ts'
import type { ConsoleParts } from './parts.ts'
import { personRoutes } from './person-routes.ts'
import { answerWithProblems } from './problem.ts'
import { releaseRoutes } from './release-routes.ts'
import { assertSameSite } from './same-site.ts'
import { createTransactionSeal } from './sealed-cookie.ts'
import { createSessionStore } from './sessions.ts'
import { signInRoutes } from './sign-in-routes.ts'
import { type ProvenViewer, viewerOf } from './viewer.ts'

const READS: ReadonlySet<string> = new Set(['GET', 'HEAD'])
const BODY_BYTES_MAX = 64 * 1024
/** Of one address. */
const REQUESTS_PER_MINUTE_MAX = 600
/** Of all that come from one address with a session or a token: a whole office may, and each page follows the inbox. */
const REQUESTS_OF_MANY_PER_MINUTE_MAX = 6_000

/** The console: pages, JSON API and sign-in on one Fastify server, not listening yet. */
export async function createConsole(parts: ConsoleParts): Promise<FastifyInstance> {
  const { config, directory, holds, log, now, pool } = parts
  const development = config.mode === 'development'
  const logger: FastifyBaseLogger = log
  const server = fastify({
    loggerInstance: logger,
    logController: new LogController({ disableRequestLogging: true }), // its lines hold whole URLs, and so the codes of sign-ins
    bodyLimit: BODY_BYTES_MAX,
    forceCloseConnections: true,
    trustProxy: trusted(config.identity.trustedProxies),
  })
  useZodSchemas(server, (sentence) => new ConsoleError('invalid_request', sentence))
  answerWithProblems(server)
  await protect(server)

  const address = createAddress(server, config.console)
  const sessions = createSessionStore(pool, now)
  const sources = { ...parts, sessions, cookieName: () => address.cookieName('session') }
  const changes = listenForChanges(pool, log)
  const events = createEventStream({ holds, changes, log })
  server.addHook('preClose', async () => {
    events.close()
    await changes.close()
  })

  server.get('/healthz', { config: { rateLimit: false } }, async () => ({ status: 'ok' }))
  const bundle = await bundlePages(join(config.data, 'cache'))
  await server.register(pageRoutes({ bundle, development, reviewed: usesReleases(config) }))
  await server.register(
    signInRoutes({
      address,
      provider: createIdentityProvider(config),
      seal: createTransactionSeal(config.console.sessionSecret ?? randomUUID(), now),
      sessions,
      directory,
    }),
  )
  await server.register(async (api) => {
    const viewers = new WeakMap<FastifyRequest, ProvenViewer>()
    const viewerIn = (request: FastifyRequest): ProvenViewer => viewers.get(request) as ProvenViewer
    // For every route in here, before its body is read: none can forget to ask. After the limit of requests, which is a
    // hook of the routes and would come too late for whoever is refused here.
    api.addHook('preParsing', async (request) => {
      const viewer = await viewerOf(request, sources)
      assertIsFor(viewer, scopeOf(request))
      if (!READS.has(request.method)) assertSameSite(request, viewer, address.origin())
      viewers.set(request, viewer)
    })
    api.addHook('onSend', async (_request, reply) => void reply.header('cache-control', 'no-store'))
    await api.register(holdRoutes({ holds, pool, viewerOf: viewerIn }))
    await api.register(exampleRoutes({ ...parts, viewerOf: viewerIn }))
    await api.register(delegationRoutes({ pool, now, viewerOf: viewerIn }))
    await api.register(releaseRoutes({ config, pool, now, viewerOf: viewerIn }))
    await api.register(
      personRoutes({
        development,
        events,
        sessions,
        slackLinks: parts.slackLinks,
        viewerOf: viewerIn,
        stillViewer: (request) => viewerOf(request, sources),
        clearSession: (reply) => void reply.clearCookie(address.cookieName('session'), { path: '/' }),
      }),
    )
  })
  return server
}

/** What an asker does with their own request needs no more than sending it did. */
const OF_ASKERS: ReadonlySet<string | undefined> = new Set(['/api/holds/:id/withdraw', '/api/holds/:id/reason'])

function scopeOf({ method, routeOptions: { url } }: FastifyRequest): Scope {
  if (READS.has(method)) return 'holdpoint:read'
  return OF_ASKERS.has(url) ? 'holdpoint:run' : 'holdpoint:approve'
}

const MANY = 'many '

async function protect(server: FastifyInstance): Promise<void> {
  await server.register(cookie)
  await server.register(helmet, {
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'none'"],
        scriptSrc: ["'self'"],
        styleSrc: ["'self'"],
        imgSrc: ["'self'"],
        connectSrc: ["'self'"],
        baseUri: ["'none'"],
        formAction: ["'self'"],
        frameAncestors: ["'none'"],
        requireTrustedTypesFor: ["'script'"],
        trustedTypes: ["'none'"],
      },
    },
    xFrameOptions: { action: 'deny' },
    referrerPolicy: { policy: 'no-referrer' },
  })
  await server.register(rateLimit, {
    max: (_request, key) => (key.startsWith(MANY) ? REQUESTS_OF_MANY_PER_MINUTE_MAX : REQUESTS_PER_MINUTE_MAX),
    timeWindow: '1 minute',
    // Counted apart, so that nobody without either uses up what the others need; a cookie is not looked at before.
    keyGenerator: ({ headers: { authorization, cookie: session }, ip }) =>
      authorization === undefined && session === undefined ? ip : `${MANY}${ip}`,
    errorResponseBuilder: () => new ConsoleError('too_many_requests', 'Too many requests. Wait a minute.'),
  })
  server.addHook('onResponse', async (request, reply) => {
    const { method, routeOptions } = request
    const route = routeOptions.url ?? 'unknown'
    request.log.debug({ method, route, status: reply.statusCode, ms: Math.round(reply.elapsedTime) }, 'answered')
  })
}
