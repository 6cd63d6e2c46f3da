import { Redis } from 'ioredis'
import type { Log } from '../../log.ts'
import type { Wake } from '../holds/wake.ts'

/** A producer that cannot reach Redis fails soon, so that a statement is refused instead of hanging. */
const PRODUCER = { maxRetriesPerRequest: 1, connectTimeout: 3_000, commandTimeout: 5_000 } as const
/** A worker waits for jobs for as long as it takes; BullMQ asks for this. */
const WORKER = { maxRetriesPerRequest: null, connectTimeout: 3_000 } as const
const RECONNECT_MS_MAX = 2_000
const CHANNEL = 'holdpoint:settled'

export function connectRedis(url: string, kind: 'producer' | 'worker' | 'subscriber', log: Pick<Log, 'warn'>): Redis {
  const redis = new Redis(url, {
    ...(kind === 'producer' ? PRODUCER : WORKER),
    retryStrategy: (attempt: number) => Math.min(attempt * 100, RECONNECT_MS_MAX),
  })
  redis.on('error', (err) => log.warn({ err }, 'Redis does not answer'))
  return redis
}

/** Pub/sub: one subscribing connection for the process, and the producers' for saying it. */
export function createRedisWake(url: string, publisher: Redis, log: Pick<Log, 'warn'>): Wake {
  let subscriber: Redis | null = null
  return {
    listen(onWake) {
      subscriber = connectRedis(url, 'subscriber', log)
      subscriber.on('message', (_channel, hold) => onWake(hold))
      subscriber.on('ready', () => onWake(null)) // what was said while nobody was connected
      subscriber.subscribe(CHANNEL).catch((err: unknown) => log.warn({ err }, 'Redis refused the subscription'))
    },
    async publish(hold) {
      await publisher.publish(CHANNEL, hold)
    },
    async close() {
      subscriber?.disconnect()
    },
  }
}
