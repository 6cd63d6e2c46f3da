import type { App, Receiver } from '@slack/bolt'
import type { FastifyInstance } from 'fastify'
import type { Log } from '../../../log.ts'
import type { ClientOptions } from '../web-api.ts'
import { FastifyReceiver } from './receiver.ts'
import type { SeenRequests } from './seen-requests.ts'
import { SocketReceiver } from './socket-receiver.ts'

/** The ways in which Slack reaches us: over HTTP, over a socket, or both while one takes over from the other. */
export interface ReceiversOptions {
  readonly signingSecret: string | undefined
  readonly appToken: string | undefined
  readonly clientOptions: ClientOptions
  readonly seen: SeenRequests
  readonly log: Log
  readonly now: () => number
}

export class Receivers implements Receiver {
  readonly #http: FastifyReceiver | null
  readonly #socket: SocketReceiver | null

  constructor({ signingSecret, appToken, ...common }: ReceiversOptions) {
    this.#http = signingSecret ? new FastifyReceiver({ signingSecret, ...common }) : null
    this.#socket = appToken ? new SocketReceiver({ appToken, ...common }) : null
  }

  /** One app with one set of handlers, whatever the way. */
  init(app: App): void {
    this.#http?.init(app)
    this.#socket?.init(app)
  }

  /** Adds the route, where there is one. */
  async register(fastify: FastifyInstance): Promise<void> {
    await this.#http?.register(fastify)
  }

  async start(): Promise<void> {
    await this.#socket?.start()
  }

  async settled(): Promise<void> {
    await Promise.all([this.#http?.settled(), this.#socket?.settled()])
  }

  async stop(): Promise<void> {
    await this.settled()
    await this.#socket?.stop()
  }
}
