import { createHash } from 'node:crypto'
import type { AddressInfo } from 'node:net'
import helmet from '@fastify/helmet'
import rateLimit from '@fastify/rate-limit'
import { type FastifyBaseLogger, type FastifyInstance, type FastifyRequest, fastify, LogController } from 'fastify'
import type { Pool } from 'pg'
import type { Config } from '../../config.ts'
import { trusted } from '../../forwarded.ts'
import { useZodSchemas } from '../../http-schemas.ts'
import type { Log } from '../../log.ts'
import type { Identity } from '../../policies/input.ts'
import { assertIsFor } from '../../policies/scopes.ts'
import type { Directory } from '../../workflows/directory/directory.ts'
import type { ServiceTokens } from '../../workflows/directory/service-tokens.ts'
import type { Holds } from '../../workflows/holds/hold.ts'
import type { Queues } from '../../workflows/queues/queues.ts'
import { createDeferredRuns } from '../../workflows/results/deferred-runs.ts'
import { sealOf } from '../../workflows/results/seal.ts'
import { allowedOrigins, createWebhooks } from '../../workflows/results/webhooks.ts'
import type { Departures } from '../identity/departures.ts'
import type { SessionServer } from '../session/serve.ts'
import { createAsk } from './ask.ts'
import { createBearers } from './bearer.ts'
import { startDeferredRunner } from './deferred-runner.ts'
import { DoorError } from './errors.ts'
import { holdRoutes } from './http/hold-routes.ts'
import { createHoldStreams } from './http/hold-stream.ts'
import { describeApi } from './http/openapi.ts'
import { answerWithProblems } from './http/problem.ts'
import { statementRoutes } from './http/statement-routes.ts'
import { mcpRoutes } from './mcp/mcp.ts'
import { createRunner } from './run-statement.ts'

/** The other ways in, HTTP and MCP, on one Fastify server, not listening yet. */
export interface DoorsParts {
  readonly config: Config
  readonly sessions: Pick<SessionServer, 'open'>
  readonly holds: Holds
  readonly pool: Pool
  readonly queues: Queues
  readonly directory: Pick<Directory, 'person'>
  readonly serviceTokens: Pick<ServiceTokens, 'list'>
  readonly authenticateToken: (token: string, from: string) => Promise<Identity>
  readonly departures: Pick<Departures, 'watch'>
  /** Where people answer a hold. */
  readonly reviewUrl: (hold: string) => string
  readonly log: Log
  readonly now: () => number
}

const REQUESTS_PER_MINUTE_MAX = 1_200

export async function createDoors(parts: DoorsParts): Promise<FastifyInstance> {
  const { config, sessions, holds, pool, queues, authenticateToken, reviewUrl, log, now } = parts
  const { doors, targets } = config
  const logger: FastifyBaseLogger = log
  const server = fastify({
    loggerInstance: logger,
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: doors.bodyBytesMax,
    forceCloseConnections: true,
    trustProxy: trusted(config.identity.trustedProxies),
  })
  const url = (): string => doors.publicUrl ?? addressOf(server, config)
  const bearers = createBearers({
    authenticateToken,
    metadataUrl: () => `${url()}/.well-known/oauth-protected-resource/mcp`,
  })
  useZodSchemas(server, (sentence) => new DoorError('invalid_request', sentence))
  answerWithProblems(server, bearers)
  await protect(server)
  await describeApi(server, url)
  server.get('/healthz', { config: { rateLimit: false }, schema: { hide: true } }, async () => ({ status: 'ok' }))

  const run = createRunner({ sessions, holds, statementTimeoutMs: doors.statementTimeoutMs })
  const seal = sealOf(config)
  const runs = createDeferredRuns({ pool, seal, keptMs: doors.resultKeptMs, now })
  const ask = createAsk({ run, runs, holds, queues })
  const views = { runs, reviewUrl }
  const webhooks = createWebhooks(pool, seal, allowedOrigins(doors.webhookOrigins))
  const streams = createHoldStreams({ pool, holds, now, log })
  server.addHook('preClose', () => streams.close())
  parts.departures.watch(streams)
  const runner = startDeferredRunner({ ...parts, runs, ask })
  await runner.ready()
  server.addHook('preClose', () => runner.close())
  await server.register(mcpRoutes({ ...parts, ask, runs, views, streams, bearers, url }))
  await server.register(async (api) => {
    const identities = new WeakMap<FastifyRequest, Identity>()
    const identityOf = (request: FastifyRequest): Identity => identities.get(request) as Identity
    // For every route in here, before its body is read: none can forget to ask. After the limit of requests, which is a
    // hook of the routes and would come too late for whoever is refused here.
    api.addHook('preParsing', async (request) => {
      const identity = await bearers.identityOf(request)
      assertIsFor(identity, request.method === 'GET' || request.method === 'HEAD' ? 'holdpoint:read' : 'holdpoint:run')
      identities.set(request, identity)
    })
    const { rowsMax, resultBytesMax: bytesMax } = doors
    await api.register(statementRoutes({ ask, targets, identityOf, rowsMax, bytesMax, views, webhooks }))
    await api.register(holdRoutes({ holds, pool, identityOf, runs, views, streams }))
  })
  return server
}

async function protect(server: FastifyInstance): Promise<void> {
  await server.register(helmet, {
    contentSecurityPolicy: { useDefaults: false, directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] } },
    referrerPolicy: { policy: 'no-referrer' },
  })
  server.addHook('onSend', async (_request, reply) => void reply.header('cache-control', 'no-store'))
  await server.register(rateLimit, {
    max: REQUESTS_PER_MINUTE_MAX,
    timeWindow: '1 minute',
    // By credential where there is one: behind a load balancer all come from one address. What proves nothing is
    // counted by address besides (identity/failures.ts).
    keyGenerator: ({ headers: { authorization = '' }, ip }) =>
      !/^bearer /i.test(authorization) ? ip : createHash('sha256').update(authorization).digest('base64url'),
    errorResponseBuilder: () => new DoorError('too_many_requests', 'Too many requests; try again in a minute'),
  })
}

function addressOf(server: FastifyInstance, { doors: { host, port } }: Config): string {
  const bound = server.server.address()
  return `http://${host}:${typeof bound === 'object' && bound !== null ? bound.port : port}`
}

/** All proxy processes listen on one port, as on the wire's. */
export async function listen(server: FastifyInstance, { doors: { host, port }, proxy }: Config): Promise<number> {
  await server.listen({ host, port, ...(proxy.workers > 1 ? { reusePort: true } : {}) })
  return (server.server.address() as AddressInfo).port
}
