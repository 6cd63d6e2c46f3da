import type pg from 'pg'
import type { Log } from '../../log.ts'
import { rowsOf } from '../state/transaction.ts'
import type { Holds } from './hold.ts'

/**
 * Longest silence of a process that waits for a hold. Longer than one query of it may hang and a new connection may
 * take (state.ts): who lives is heard in time.
 */
export const ABANDONED_AFTER_MS = 30_000
/** Holds moved by one look. */
const AT_ONCE = 500

const LOOK = `
  SELECT clock_timestamp() AS at, ARRAY(
    SELECT id FROM hold JOIN hold_waited ON hold_waited.hold = id
    WHERE status IN ('pending', 'approved') AND mode = 'wait'
      AND waited_at < clock_timestamp() - make_interval(secs => $1::float8 / 1000)
    ORDER BY waited_at LIMIT ${AT_ONCE}) AS unwaited`

export interface UnwaitedOptions {
  readonly pool: Pick<pg.Pool, 'query'>
  readonly holds: Pick<Holds, 'abandon'>
  readonly afterMs: number
}

/**
 * Ends holds whose client was lost with its process, or while the state database was away: nobody has stamped them
 * for `afterMs`. All of it by the database's clock.
 *
 * A silence counts only while it could have been broken. When a look failed, or none came for long (a database that
 * was away, a machine that slept), and at the start, everyone has `afterMs` to stamp again before anything is ended.
 *
 * @returns one look: how many it found. Throws StateError
 */
export function createUnwaited({ pool, holds, afterMs }: UnwaitedOptions): () => Promise<number> {
  let heard: { readonly since: number; readonly last: number } | null = null
  return async () => {
    const before = heard
    heard = null // until this look has succeeded
    const [looked] = await rowsOf<{ at: Date; unwaited: readonly string[] }>(pool, LOOK, [afterMs])
    if (looked === undefined) return 0
    const at = looked.at.getTime()
    const goesOn = before !== null && at >= before.last && at - before.last <= afterMs / 2
    const since = goesOn ? before.since : at
    heard = { since, last: at }
    if (at - since < afterMs) return 0
    for (const id of looked.unwaited) await holds.abandon(id)
    return looked.unwaited.length
  }
}

/** Looks again and again, one look at a time. */
export function watchUnwaited({ log, ...options }: UnwaitedOptions & { readonly log: Pick<Log, 'warn'> }): {
  close(): Promise<void>
} {
  const look = createUnwaited(options)
  let looking: Promise<unknown> | null = null
  const round = (): void => {
    looking ??= look()
      .catch((err: unknown) => log.warn({ err }, 'holds that nobody waits for could not be read'))
      .finally(() => {
        looking = null
      })
  }
  round()
  const timer = setInterval(round, options.afterMs / 6)
  return {
    async close() {
      clearInterval(timer)
      await looking
    },
  }
}
