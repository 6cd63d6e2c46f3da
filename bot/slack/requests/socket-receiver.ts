import { setTimeout } from 'node:timers/promises'
import { type App, type Receiver, type ReceiverEvent, SocketModeReceiver } from '@slack/bolt'
import type { Log } from '../../../log.ts'
import { asSlackError, type ClientOptions, quietLogger } from '../web-api.ts'
import type { SeenRequests } from './seen-requests.ts'

/**
 * Slack's Socket Mode: we call Slack, and what people do comes over that connection. No address of ours has to be open
 * to the internet. docs.slack.dev/apis/events-api/using-socket-mode
 *
 *   apps.connections.open ──▶ a URL, good once ──▶ hello ──▶ envelopes, each acknowledged ──▶ disconnect, and again
 *
 * Connecting again is ours: the library's own way gives up on the first failed call, by a rejection nobody can catch.
 */
export interface SocketReceiverOptions {
  readonly appToken: string
  readonly clientOptions: ClientOptions
  readonly seen: SeenRequests
  readonly log: Log
  /** How long a lost connection may go unnoticed; the library's usual 5 s when left out. */
  readonly pingTimeoutMs?: number
}

/** An interaction comes again within seconds or never. */
const REPEATED_WITHIN_MS = 60 * 60_000
const RETRY_MS_MIN = 500
const RETRY_MS_MAX = 30_000
const HELLO_MS_MAX = 30_000
/** A connection that is just being made is not waited for longer than this; it ends itself once it is there. */
const STOP_MS_MAX = 2_000

export class SocketReceiver implements Receiver {
  readonly #inner: SocketModeReceiver
  readonly #seen: SeenRequests
  readonly #log: Log
  readonly #underWay = new Set<Promise<void>>()
  readonly #closed = new AbortController()
  #running: Promise<void> | undefined
  #connected = false

  constructor({ appToken, clientOptions, seen, log, pingTimeoutMs }: SocketReceiverOptions) {
    this.#seen = seen
    this.#log = log
    this.#inner = new SocketModeReceiver({
      appToken,
      logger: quietLogger(log),
      autoReconnectEnabled: false,
      installerOptions: { clientOptions },
      customPropertiesExtractor: ({ envelope_id: envelope, type }) => ({ envelope, type }),
      ...(pingTimeoutMs === undefined
        ? {}
        : { clientPingTimeout: pingTimeoutMs, serverPingTimeout: pingTimeoutMs * 6 }),
    })
  }

  /** Whether Slack can reach us at this moment. */
  get connected(): boolean {
    return this.#connected
  }

  init(app: App): void {
    const processEvent = (event: ReceiverEvent): Promise<void> => this.#track(this.#once(app, event))
    // All that the inner receiver knows of the app is this method.
    this.#inner.init({ processEvent } as App)
  }

  /** Connects and stays connected until it is stopped; failing to is not the caller's to wait for. */
  async start(): Promise<void> {
    this.#running ??= this.#stayConnected()
  }

  async stop(): Promise<void> {
    await this.settled()
    this.#closed.abort()
    if (this.#connected) await this.#inner.client.disconnect()
    await Promise.race([this.#running, pause(STOP_MS_MAX)])
  }

  /** Waits for the work behind what was already acknowledged. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#underWay)
  }

  async #stayConnected(): Promise<void> {
    for (let failures = 0; !this.#closed.signal.aborted; ) {
      try {
        await this.#connection(() => {
          failures = 0
        })
        this.#log.info('Slack ended the socket; connecting again')
      } catch (cause) {
        failures++
        const err = asSlackError(cause)
        this.#log.warn({ err, reason: err.reason, hint: err.hint }, 'no socket to Slack; clicks do not arrive')
      }
      if (failures > 0) await pause(Math.min(RETRY_MS_MAX, RETRY_MS_MIN * 2 ** (failures - 1)), this.#closed.signal)
    }
  }

  /** One connection, from the question for its URL to its end. */
  async #connection(onHello: () => void): Promise<void> {
    const { client } = this.#inner
    const { promise: ended, resolve } = Promise.withResolvers<void>()
    client.once('disconnected', resolve)
    const silent = globalThis.setTimeout(() => void client.disconnect(), HELLO_MS_MAX)
    try {
      await client.start()
      clearTimeout(silent)
      this.#connected = true
      onHello()
      if (this.#closed.signal.aborted) await client.disconnect()
      await ended
    } finally {
      clearTimeout(silent)
      client.off('disconnected', resolve)
      this.#connected = false
    }
  }

  #track(work: Promise<void>): Promise<void> {
    this.#underWay.add(work)
    return work.finally(() => this.#underWay.delete(work))
  }

  /** Clicks and commands count once. Events are written down by what they say, so a second one changes nothing. */
  async #once(app: App, event: ReceiverEvent): Promise<void> {
    try {
      const { envelope, type } = event.customProperties ?? {}
      if (type !== 'events_api') {
        const claimed = await this.#seen.claim(`envelope ${String(envelope)}`, REPEATED_WITHIN_MS)
        if (claimed === 'again') return void (await event.ack())
        if (claimed === 'too_many') return // not acknowledged: Slack says that it failed
      }
      await app.processEvent(event)
    } catch (err) {
      this.#log.error({ err }, 'a Slack request could not be handled')
    }
  }
}

/** Ends early, and no worse for it, when the signal says so. */
function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return setTimeout(ms, undefined, { ref: false, ...(signal === undefined ? {} : { signal }) }).catch(() => undefined)
}
