import pg from 'pg'
import type { Log } from '../../log.ts'

/**
 * Says which holds changed, by the state database's own NOTIFY: one LISTEN connection for all open pages. A connection
 * that ends is made again; what was said meanwhile is not repeated, so listeners hear `null`: look at everything.
 */
export interface HoldChanges {
  subscribe(listener: (holdId: string | null) => void): void
  close(): Promise<void>
}

/** Said by triggers, see workflows/state/migrations. */
const CHANNEL = 'holdpoint_hold_changed'
const RETRY_MS = 1_000

export function listenForChanges(pool: pg.Pool, log: Pick<Log, 'warn'>): HoldChanges {
  const listeners = new Set<(holdId: string | null) => void>()
  const say = (holdId: string | null): void => {
    for (const listener of listeners) listener(holdId)
  }
  let client: pg.Client | null = null
  let retry: NodeJS.Timeout | undefined
  let closed = false

  async function connect(): Promise<void> {
    const mine = new pg.Client({ ...pool.options, application_name: 'holdpoint console' })
    client = mine
    mine.on('error', () => undefined) // an end follows
    mine.on('notification', ({ payload }) => say(payload ?? null))
    mine.once('end', again)
    try {
      await mine.connect()
      await mine.query(`LISTEN ${CHANNEL}`)
      say(null)
    } catch (err) {
      log.warn({ err }, 'the console cannot listen for changes; its pages ask by themselves')
      await mine.end().catch(again)
    }
  }

  function again(): void {
    if (closed) return
    clearTimeout(retry)
    retry = setTimeout(() => void connect(), RETRY_MS)
    retry.unref()
  }

  void connect()
  return {
    subscribe: (listener) => void listeners.add(listener),
    close: async () => {
      closed = true
      clearTimeout(retry)
      await client?.end().catch(() => undefined)
    },
  }
}
