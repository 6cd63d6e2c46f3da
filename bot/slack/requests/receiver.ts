import type { App, Receiver, ReceiverEvent } from '@slack/bolt'
import type { FastifyInstance, FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify'
import type { Log } from '../../../log.ts'
import { createSignatureCheck, type SignatureRefusal } from './request-signature.ts'
import type { SeenRequests } from './seen-requests.ts'

/**
 * Slack's HTTP side on our own Fastify server: one route for interactions, commands and events. Bolt gets what passed
 * the signature check; Slack gets its 200 as soon as a handler acknowledges, which ours do first, and the work goes on.
 */
export const SLACK_PATH = '/slack/events'
const BODY_BYTES_MAX = 1024 * 1024

export interface ReceiverOptions {
  readonly signingSecret: string
  readonly seen: SeenRequests
  readonly log: Log
  readonly now: () => number
}

export class FastifyReceiver implements Receiver {
  readonly #log: Log
  readonly #check: ReturnType<typeof createSignatureCheck>
  readonly #underWay = new Set<Promise<void>>()
  #app: App | undefined

  constructor({ signingSecret, seen, log, now }: ReceiverOptions) {
    this.#log = log
    this.#check = createSignatureCheck({ signingSecret, seen, now })
  }

  init(app: App): void {
    this.#app = app
  }

  async start(): Promise<void> {}

  /** The server that the route is on is stopped by whoever started it. */
  async stop(): Promise<void> {}

  /** Waits for the work behind requests that were already acknowledged. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#underWay)
  }

  async register(fastify: FastifyInstance): Promise<void> {
    // A scope of its own: the signature is over the bytes, so nothing may parse them before.
    const routes: FastifyPluginAsync = async (scope) => {
      scope.removeAllContentTypeParsers()
      scope.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body))
      const options = { bodyLimit: BODY_BYTES_MAX, config: { rateLimit: false } }
      scope.post(SLACK_PATH, options, (request, reply) => this.#answer(request, reply))
    }
    await fastify.register(routes)
  }

  async #answer(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0)
    const refusal = await this.#refusal(request, body)
    if (refusal === 'untold') return reply.code(503).send({ error: 'state_unreachable' })
    if (refusal !== null) return reply.code(401).send({ error: refusal })
    const payload = parsePayload(body.toString('utf8'), request.headers['content-type'])
    if (payload === null) return reply.code(400).send({ error: 'unreadable' })
    if (payload.type === 'url_verification') return reply.send({ challenge: payload.challenge })
    if (payload.ssl_check !== undefined) return reply.send()
    return this.#dispatch(payload, request, reply)
  }

  /** `untold`: the state database cannot say whether it came before, so it is not counted now; Slack says so. */
  async #refusal(request: FastifyRequest, body: Buffer): Promise<SignatureRefusal | 'untold' | null> {
    const signature = header(request, 'x-slack-signature')
    const timestamp = header(request, 'x-slack-request-timestamp')
    try {
      const refusal = await this.#check({ signature, timestamp, body })
      if (refusal !== null) this.#log.warn({ refusal }, 'refused a request to the Slack endpoint')
      return refusal
    } catch (err) {
      this.#log.error({ err }, 'a Slack request could not be told from a repeated one')
      return 'untold'
    }
  }

  async #dispatch(body: ReceiverEvent['body'], request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const { promise, resolve } = Promise.withResolvers<{ readonly response: unknown } | null>()
    const retry = header(request, 'x-slack-retry-num')
    const work = this.#process({
      body,
      ack: async (response) => resolve({ response }),
      ...(retry === undefined ? {} : { retryNum: Number(retry) }),
    })
    this.#underWay.add(work)
    void work.finally(() => {
      this.#underWay.delete(work)
      resolve(null) // nobody acknowledged it: there is no handler for it
    })
    const acknowledged = await promise
    if (acknowledged === null) return reply.code(404).send({ error: 'not_handled' })
    return reply.send(acknowledged.response ?? '')
  }

  async #process(event: ReceiverEvent): Promise<void> {
    try {
      await this.#app?.processEvent(event)
    } catch (err) {
      this.#log.error({ err }, 'a Slack request could not be handled')
    }
  }
}

function header(request: FastifyRequest, name: string): string | undefined {
  const value = request.headers[name]
  return typeof value === 'string' ? value : undefined
}

/** Interactions come as a form with one JSON field, commands as a form, events as JSON. */
function parsePayload(body: string, contentType: string | undefined): ReceiverEvent['body'] | null {
  try {
    if (contentType?.startsWith('application/json')) return objectOrNull(JSON.parse(body))
    const form = new URLSearchParams(body)
    const payload = form.get('payload')
    return payload === null ? Object.fromEntries(form) : objectOrNull(JSON.parse(payload))
  } catch {
    return null
  }
}

function objectOrNull(value: unknown): ReceiverEvent['body'] | null {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : null
}
