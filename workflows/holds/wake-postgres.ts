import pg from 'pg'
import type { Log } from '../../log.ts'
import { SETTLED_CHANNEL } from './moves.ts'
import type { Wake } from './wake.ts'

const RETRY_MS = 1_000

/**
 * One LISTEN connection for the whole process, however many clients wait. NOTIFY is sent inside the transaction that
 * moves the hold, so it arrives exactly when the change can be seen and `publish` has nothing to do.
 */
export function createPostgresWake(pool: pg.Pool, log: Pick<Log, 'warn'>): Wake {
  let closed = false
  let client: pg.Client | null = null
  let retry: NodeJS.Timeout | undefined

  async function connect(onWake: (hold: string | null) => void): Promise<void> {
    const mine = new pg.Client({ ...pool.options, application_name: 'holdpoint listener' })
    client = mine
    let lost = false
    const again = (err?: Error): void => {
      if (lost || closed) return
      lost = true
      log.warn({ err }, 'the listening connection to the state database ended; waiting clients are polled for')
      mine.end().catch(() => undefined)
      retry = setTimeout(() => void connect(onWake), RETRY_MS)
    }
    mine.on('error', again)
    mine.on('end', () => again())
    mine.on('notification', ({ payload }) => onWake(payload ?? null))
    try {
      await mine.connect()
      await mine.query(`LISTEN ${SETTLED_CHANNEL}`)
      onWake(null) // what was said before we listened
    } catch (cause) {
      again(cause instanceof Error ? cause : undefined)
    }
  }

  return {
    listen: (onWake) => void connect(onWake),
    publish: () => Promise.resolve(),
    async close() {
      closed = true
      clearTimeout(retry)
      await client?.end().catch(() => undefined)
    },
  }
}
