import { Readable } from 'node:stream'
import { hostHeaderValidation, originValidation } from '@modelcontextprotocol/fastify'
import { createMcpHandler, type McpRequestContext, McpServer } from '@modelcontextprotocol/server'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Config } from '../../../config.ts'
import type { Log } from '../../../log.ts'
import { type Identity, scope } from '../../../policies/input.ts'
import { assertIsFor } from '../../../policies/scopes.ts'
import type { Bearers } from '../bearer.ts'
import type { ViewSources } from '../hold-view.ts'
import type { HoldStreams } from '../http/hold-stream.ts'
import { whenGone } from '../http/statement-routes.ts'
import { Caller, type CallerParts } from './caller.ts'
import {
  type Listening,
  listensForTasks,
  type TaskListening,
  taskNotifications,
  undeclared,
} from './task-notifications.ts'
import { serveTasks, TASKS } from './tasks.ts'
import { addTools } from './tools.ts'

/**
 * MCP over streamable HTTP, an OAuth resource server: https://modelcontextprotocol.io/specification/2026-07-28
 * Nothing is kept between requests, so any process answers any of them; older revisions are served as the SDK does.
 */
export interface McpOptions extends CallerParts {
  readonly config: Config
  readonly bearers: Bearers
  readonly views: ViewSources
  readonly streams: HoldStreams
  readonly url: () => string
  readonly log: Log
}

const LOCAL = ['localhost', '127.0.0.1', '[::1]']

export function mcpRoutes(options: McpOptions): (server: FastifyInstance) => Promise<void> {
  const { config, bearers, url, log, streams } = options
  return async (server) => {
    const metadata = async () => ({
      resource: `${url()}/mcp`,
      resource_name: 'Holdpoint',
      authorization_servers: config.identity.providers.map(({ issuer }) => issuer),
      bearer_methods_supported: ['header'],
      scopes_supported: [...scope.options],
    })
    for (const path of ['', '/mcp']) {
      server.get(`/.well-known/oauth-protected-resource${path}`, { schema: { hide: true } }, metadata)
    }

    const callers = new WeakMap<object, Caller>()
    const handler = createMcpHandler((context) => serverFor(context, callers, options), {
      onerror: (err) => log.warn({ err }, 'an MCP request was not understood'),
    })
    server.addHook('preClose', () => handler.close())
    const hosts = [
      ...LOCAL,
      ...(config.doors.publicUrl === undefined ? [] : [new URL(config.doors.publicUrl).hostname]),
    ]
    const checks = [
      originValidation(hosts),
      ...(LOCAL.includes(config.doors.host) ? [hostHeaderValidation(hosts)] : []),
    ]
    server.route({
      method: ['GET', 'POST', 'DELETE'],
      url: '/mcp',
      schema: { hide: true },
      onRequest: checks,
      handler: async (request, reply) => {
        const identity = await bearers.identityOf(request)
        assertIsFor(identity, 'holdpoint:read')
        const authInfo = authInfoOf(identity, `${url()}/.well-known/oauth-protected-resource/mcp`)
        const caller = new Caller(options, callerOf(request, reply, identity))
        callers.set(authInfo, caller)
        const response = await handler.fetch(webRequest(request, url()), { authInfo, parsedBody: request.body })
        const listening = response.ok ? listensForTasks(request.body) : null
        if (listening === null) return answer(reply, response)
        await response.body?.cancel()
        return listen(reply, listening, { caller, streams, asker: identity, keptMs: config.doors.resultKeptMs })
      },
    })
  }
}

function serverFor(
  { authInfo, era }: McpRequestContext,
  callers: WeakMap<object, Caller>,
  { views, config }: McpOptions,
): McpServer {
  const caller = callers.get(authInfo ?? {})
  if (caller === undefined) throw new Error('a request without its caller')
  const server = new McpServer(
    { name: 'holdpoint', version: '0.1.0' },
    {
      // The tools are the same for as long as the process lives.
      capabilities: { tools: { listChanged: false }, extensions: { [TASKS]: {} } },
      instructions: 'SQL for people’s databases, masked and held for approval where policy says so.',
    },
  )
  const tasks = (): boolean =>
    era === 'modern' && server.server.getClientCapabilities()?.extensions?.[TASKS] !== undefined
  const keptMs = config.doors.resultKeptMs
  addTools(server, { caller, views, tasks, keptMs })
  if (era === 'modern') serveTasks(server, tasks, { caller, keptMs })
  return server
}

function callerOf(request: FastifyRequest, reply: FastifyReply, identity: Identity) {
  const application = (request.headers['user-agent'] ?? 'mcp').replaceAll(/[^\x20-\x7e]/g, '?').slice(0, 63)
  return { identity, address: request.ip, application, signal: whenGone(reply) }
}

/** The token itself goes no further than this door. */
function authInfoOf({ subject, expiresAt, scopes = scope.options }: Identity, resourceMetadataUrl: string) {
  const until = Math.floor(Date.parse(expiresAt) / 1000)
  return { token: '', clientId: subject, scopes: [...scopes], expiresAt: until, resourceMetadataUrl }
}

function webRequest({ method, headers, body, url: path }: FastifyRequest, base: string): Request {
  const sent = Object.entries(headers).filter(([name]) => name !== 'authorization' && name !== 'content-length')
  const pairs = sent.map(([name, value]): [string, string] => [name, String(value)])
  const content = method === 'POST' ? { body: JSON.stringify(body) } : {}
  return new Request(new URL(path, base), { method, headers: pairs, ...content })
}

async function listen(reply: FastifyReply, listening: Listening, listener: TaskListening): Promise<FastifyReply> {
  const missing = undeclared(listening)
  if (missing !== null) {
    const { code, message, data } = missing
    return reply.code(400).send({ jsonrpc: '2.0', id: listening.id, error: { code, message, data } })
  }
  reply.header('content-type', 'text/event-stream').header('x-accel-buffering', 'no')
  return reply.send(await taskNotifications(listening, listener))
}

function answer(reply: FastifyReply, response: Response): FastifyReply {
  reply.code(response.status)
  for (const [name, value] of response.headers) reply.header(name, value)
  return reply.send(response.body === null ? '' : Readable.fromWeb(response.body))
}
