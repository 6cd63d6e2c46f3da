import { createHmac } from 'node:crypto'
import type pg from 'pg'
import type { Hold } from '../holds/hold.ts'
import type { NoticeDelivery } from '../outbox/delivery.ts'
import type { NoticeReason } from '../outbox/outbox.ts'
import { rowsOf } from '../state/transaction.ts'
import type { Seal } from './seal.ts'

/**
 * Tells a program that its hold was answered, or has run: ids and states only, signed as Standard Webhooks has it
 * (https://www.standardwebhooks.com), delivered and tried again like any notice. Where to is the asker's choice among
 * the origins that are configured, so nobody can make Holdpoint call what it should not.
 */
export interface Callback {
  readonly url: string
  /** whsec_ and base64 of 24 to 64 bytes. */
  readonly secret: string
}

export interface Webhooks {
  /** @returns why not, as a sentence, or null */
  refusal(callback: Callback): string | null
  remember(hold: string, callback: Callback): Promise<void>
}

const SECRET = /^whsec_([A-Za-z0-9+/]{32,86}={0,2})$/
const ANSWER_MS_MAX = 10_000

export function allowedOrigins(configured: string): ReadonlySet<string> {
  const listed = configured.split(',').map((origin) => origin.trim())
  return new Set(listed.filter((origin) => origin !== '').map((origin) => new URL(origin).origin))
}

export function createWebhooks(pool: pg.Pool, seal: Seal, origins: ReadonlySet<string>): Webhooks {
  return {
    refusal({ url, secret }) {
      const parsed = URL.canParse(url) ? new URL(url) : null
      if (parsed === null || parsed.username !== '' || parsed.password !== '') return 'The callback’s url is not usable'
      if (!origins.has(parsed.origin)) return 'The callback’s host is not one of those in doors.webhookOrigins'
      return SECRET.test(secret) ? null : 'The callback’s secret is whsec_ and the base64 of 24 to 64 bytes'
    },
    async remember(hold, { url, secret }) {
      await rowsOf(
        pool,
        `INSERT INTO hold_webhook (hold, url, key_id, secret) VALUES ($1, $2, $3, $4)
         ON CONFLICT (hold, url) DO UPDATE SET key_id = $3, secret = $4`,
        [hold, url, seal.keyId, seal.close(secret, hold, 'webhook')],
      )
    },
  }
}

export interface WebhookDeliveryOptions {
  readonly pool: pg.Pool
  readonly seal: Seal
  readonly origins: ReadonlySet<string>
  readonly now: () => number
}

const NOT_TOLD = 'SELECT url, key_id, secret FROM hold_webhook WHERE hold = $1 AND NOT told @> ARRAY[$2]'
const TOLD = 'UPDATE hold_webhook SET told = told || $3::text WHERE hold = $1 AND url = $2'

interface Row {
  readonly url: string
  readonly key_id: string
  readonly secret: Buffer
}

export function webhookDelivery(options: WebhookDeliveryOptions): NoticeDelivery {
  const { pool, seal, origins, now } = options
  return {
    name: 'webhook',
    async deliver(hold, reason, key) {
      if (reason !== 'settled' && reason !== 'completed') return
      const rows = await rowsOf<Row>(pool, NOT_TOLD, [hold.id, key])
      // Taken off the list since: then it is not called any more.
      const called = rows.filter(({ url }) => origins.has(new URL(url).origin))
      const told = await Promise.allSettled(
        called.map(async ({ url, secret: sealed, key_id }) => {
          const secret = seal.open(sealed, key_id, hold.id, 'webhook')
          await send(url, signed(bodyOf(hold, reason), { secret, id: key, at: now() }))
          await rowsOf(pool, TOLD, [hold.id, url, key])
        }),
      )
      // One that does not answer keeps no other from its word, and is tried again alone.
      for (const one of told) if (one.status === 'rejected') throw one.reason
    },
  }
}

function bodyOf({ id, status, decidedAt, outcome }: Hold, reason: NoticeReason): string {
  const data = { hold: id, status, decidedAt, ok: outcome?.ok ?? null }
  return JSON.stringify({ type: `hold.${reason}`, data })
}

interface Signing {
  readonly secret: string
  /** The same for every attempt, so that the receiver can tell a repetition. */
  readonly id: string
  readonly at: number
}

function signed(body: string, { secret, id, at }: Signing): { readonly body: string; readonly headers: Headers } {
  const timestamp = `${Math.floor(at / 1000)}`
  const key = Buffer.from(secret.slice('whsec_'.length), 'base64')
  const signature = createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64')
  const headers = new Headers({
    'content-type': 'application/json',
    'webhook-id': id,
    'webhook-timestamp': timestamp,
    'webhook-signature': `v1,${signature}`,
  })
  return { body, headers }
}

async function send(url: string, message: { readonly body: string; readonly headers: Headers }): Promise<void> {
  const signal = AbortSignal.timeout(ANSWER_MS_MAX)
  // A redirection would lead where nobody allowed it to go.
  const response = await fetch(url, { method: 'POST', redirect: 'manual', signal, ...message })
  await response.body?.cancel()
  if (!response.ok) throw new Error(`the receiver of a webhook answered ${response.status}`)
}
