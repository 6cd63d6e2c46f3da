import { Cluster, Redis } from 'ioredis'
import type { Log } from '../../log.ts'
import type { Wake } from '../holds/wake.ts'
import { QueueError } from './errors.ts'
import { type RedisAddress, redisAddress } from './redis-url.ts'

/** A producer that cannot reach Redis fails soon, so that a statement is refused instead of hanging. */
const PRODUCER = { maxRetriesPerRequest: 1, connectTimeout: 3_000, commandTimeout: 5_000 } as const
/** A worker waits for jobs for as long as it takes; BullMQ asks for this. */
const WORKER = { maxRetriesPerRequest: null, connectTimeout: 3_000 } as const
const RECONNECT_MS_MAX = 2_000
const CHANNEL = 'holdpoint:settled'

export type RedisClient = Redis | Cluster

/** @throws QueueError for a URL of no known form, without showing it */
export function redisAt(url: string): RedisAddress {
  const address = redisAddress(url)
  if (address !== null) return address
  throw new QueueError('state.redisUrl is not a Redis URL', {
    hint: 'redis://host, redis+sentinel://host,host/name or redis+cluster://host,host; rediss for TLS',
  })
}

export function connectRedis(
  address: RedisAddress,
  kind: 'producer' | 'worker' | 'subscriber',
  log: Pick<Log, 'warn'>,
): RedisClient {
  const redis = opened(address, kind === 'producer' ? PRODUCER : WORKER)
  redis.on('error', (err: unknown) => log.warn({ err }, 'Redis does not answer'))
  return redis
}

const retry = (attempt: number): number => Math.min(attempt * 100, RECONNECT_MS_MAX)

function opened(address: RedisAddress, patience: typeof PRODUCER | typeof WORKER): RedisClient {
  if (address.kind === 'standalone') return new Redis(address.url, { ...patience, retryStrategy: retry })
  const { username, password, tls } = address
  const options = {
    ...patience,
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...(tls ? { tls: {} } : {}),
  }
  const nodes = [...address.nodes]
  if (address.kind === 'cluster')
    return new Cluster(nodes, { redisOptions: options, clusterRetryStrategy: retry, slotsRefreshTimeout: 3_000 })
  return new Redis({
    ...options,
    sentinels: nodes,
    name: address.master,
    db: address.db,
    enableTLSForSentinelMode: tls,
    retryStrategy: retry,
    sentinelRetryStrategy: retry,
  })
}

/** Pub/sub: one subscribing connection for the process, and the producers' for saying it. */
export function createRedisWake(address: RedisAddress, publisher: RedisClient, log: Pick<Log, 'warn'>): Wake {
  let subscriber: RedisClient | null = null
  return {
    get listens() {
      return subscriber?.status === 'ready'
    },
    listen(onWake) {
      subscriber = connectRedis(address, 'subscriber', log)
      subscriber.on('message', (_channel: string, hold: string) => onWake(hold))
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
