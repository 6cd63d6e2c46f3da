import type pg from 'pg'
import type { Log } from '../../log.ts'
import { listenTo } from '../state/listen.ts'

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

export function listenForChanges(pool: pg.Pool, log: Pick<Log, 'warn'>): HoldChanges {
  const listeners = new Set<(holdId: string | null) => void>()
  const listening = listenTo(pool, {
    channel: CHANNEL,
    application: 'holdpoint console',
    heard: (holdId) => {
      for (const listener of listeners) listener(holdId)
    },
    failed: (err) => log.warn({ err }, 'the console cannot listen for changes; its pages ask by themselves'),
  })
  return { subscribe: (listener) => void listeners.add(listener), close: () => listening.close() }
}
