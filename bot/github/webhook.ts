import { createHmac, timingSafeEqual } from 'node:crypto'
import type { FastifyInstance, FastifyPluginAsync } from 'fastify'
import type pg from 'pg'
import { HINT_CHANNEL } from '../../workflows/releases/listen.ts'
import { rowsOf } from '../../workflows/state/transaction.ts'

/**
 * `POST /github/events`: GitHub says that something happened. What it says is not believed and not even read: it makes
 * the worker ask GitHub's API now instead of in a minute. So a forged or repeated one can do nothing but that, and it is
 * refused all the same: by its signature, and by GitHub's number of the delivery.
 * https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries
 */
export interface WebhookOptions {
  readonly secret: string
  readonly pool: pg.Pool
  readonly now: () => number
}

const BODY_BYTES_MAX = 25 * 1024 * 1024
const REQUESTS_PER_MINUTE_MAX = 120
const KEPT_MS = 7 * 24 * 60 * 60_000
const DELIVERY = /^[0-9a-f-]{8,64}$/i
/** Everything after which the branch or a pull request may be another. */
const EVENTS: ReadonlySet<string> = new Set(['push', 'pull_request', 'pull_request_review', 'check_run', 'merge_group'])

export async function registerGitHubWebhook(server: FastifyInstance, options: WebhookOptions): Promise<void> {
  const routes: FastifyPluginAsync = async (scope) => {
    scope.removeAllContentTypeParsers()
    scope.addContentTypeParser('*', { parseAs: 'buffer', bodyLimit: BODY_BYTES_MAX }, (_request, body, done) =>
      done(null, body),
    )
    const limits = { rateLimit: { max: REQUESTS_PER_MINUTE_MAX, timeWindow: '1 minute' } }
    scope.post('/github/events', { config: limits }, async (request, reply) => {
      const header = (name: string): string => {
        const value = request.headers[name]
        return typeof value === 'string' ? value : ''
      }
      const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0)
      if (!isSigned(body, header('x-hub-signature-256'), options.secret)) return reply.status(401).send()
      const delivery = header('x-github-delivery')
      if (!DELIVERY.test(delivery)) return reply.status(400).send()
      const heard = EVENTS.has(header('x-github-event')) && (await isNew(options, delivery))
      if (heard) await options.pool.query("SELECT pg_notify($1, '')", [HINT_CHANNEL])
      return reply.status(202).send()
    })
  }
  await server.register(routes)
}

export function isSigned(body: Buffer, signature: string, secret: string): boolean {
  const given = /^sha256=([0-9a-f]{64})$/.exec(signature)?.[1]
  if (given === undefined) return false
  return timingSafeEqual(Buffer.from(given, 'hex'), createHmac('sha256', secret).update(body).digest())
}

async function isNew({ pool, now }: WebhookOptions, delivery: string): Promise<boolean> {
  await rowsOf(pool, 'DELETE FROM webhook_delivery WHERE at < $1', [new Date(now() - KEPT_MS)])
  const rows = await rowsOf(pool, 'INSERT INTO webhook_delivery VALUES ($1, $2) ON CONFLICT DO NOTHING RETURNING id', [
    delivery.toLowerCase(),
    new Date(now()),
  ])
  return rows.length > 0
}
