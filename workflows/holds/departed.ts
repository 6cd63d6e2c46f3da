import type pg from 'pg'
import type { Log } from '../../log.ts'
import type { Afterwards } from './afterwards.ts'
import { endDeparted } from './sweeps.ts'

export interface DepartedOptions {
  readonly pool: pg.Pool
  readonly moment: () => Date
  readonly tell: Afterwards['tell']
}

/** One statement moves so many; nobody else waits longer for the database than it takes. */
const AT_ONCE = 100

/** @returns a look at all that is open: how many it ended. Throws StateError */
export function createDeparted({ pool, moment, tell }: DepartedOptions): () => Promise<number> {
  return async () => {
    for (let ended = 0; ; ) {
      const swept = await endDeparted(pool, moment(), AT_ONCE)
      tell(
        swept.map(({ notices, ...row }) => ({ row, notices })),
        [],
      )
      ended += swept.length
      if (swept.length < AT_ONCE) return ended
    }
  }
}

/** As often as sessions are looked at (proxy/identity/departures.ts): who leaves has neither session nor request. */
const EVERY_MS = 5_000

export interface WatchDepartedOptions {
  readonly holds: { endDeparted(): Promise<number> }
  readonly log: Pick<Log, 'warn'>
}

/** Looks again and again, one look at a time: whoever deactivates somebody, a directory or a person, need not know of it. */
export function watchDeparted({ holds, log }: WatchDepartedOptions): { close(): Promise<void> } {
  let looking: Promise<unknown> | null = null
  const timer = setInterval(() => {
    looking ??= holds
      .endDeparted()
      .catch((err: unknown) => log.warn({ err }, 'what was asked by who has left could not be ended; tried again soon'))
      .finally(() => {
        looking = null
      })
  }, EVERY_MS)
  return {
    async close() {
      clearInterval(timer)
      await looking
    },
  }
}
