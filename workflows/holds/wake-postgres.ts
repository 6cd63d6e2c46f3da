import pg from 'pg'
import type { Log } from '../../log.ts'
import { SETTLED_CHANNEL } from './moves.ts'
import type { Wake } from './wake.ts'

/** Before the next connection, by how many have been tried: the first at once, since only it may have been lost. */
const RETRY_MS = [0, 100, 250, 500, 1_000] as const
/** A connection can be lost without anybody being told, as by a firewall that forgets it. */
const ASKED_EVERY_MS = 2_000
const ANSWER_MS_MAX = 2_000

/**
 * One LISTEN connection for the whole process, however many clients wait. NOTIFY is sent inside the transaction that
 * moves the hold, so it arrives exactly when the change can be seen and `publish` has nothing to do.
 *
 *   connecting ──LISTEN──▶ listens ──it ends, or does not answer──▶ connecting, at once and then more and more rarely
 */
export function createPostgresWake(
  pool: pg.Pool,
  log: Pick<Log, 'warn'>,
  { askedEveryMs = ASKED_EVERY_MS, answerMsMax = ANSWER_MS_MAX } = {},
): Wake {
  let closed = false
  let listens = false
  let failures = 0
  let client: pg.Client | null = null
  let retry: NodeJS.Timeout | undefined
  let asking: NodeJS.Timeout | undefined

  async function connect(onWake: (hold: string | null) => void): Promise<void> {
    const mine = new pg.Client({ ...pool.options, application_name: 'holdpoint listener' })
    client = mine
    let lost = false
    const again = (err?: unknown): void => {
      if (lost || closed) return
      lost = true
      listens = false
      clearTimeout(asking)
      log.warn({ err }, 'the listening connection to the state database ended; waiting clients are polled for')
      mine.end().catch(() => undefined)
      retry = setTimeout(() => void connect(onWake), RETRY_MS[failures++] ?? RETRY_MS.at(-1))
    }
    const ask = (): void => {
      if (lost || closed) return
      asking = setTimeout(() => {
        mine.query({ text: 'SELECT', query_timeout: answerMsMax } as pg.QueryConfig).then(ask, again)
      }, askedEveryMs)
    }
    mine.on('error', again)
    mine.on('end', () => again())
    mine.on('notification', ({ payload }) => onWake(payload ?? null))
    try {
      await mine.connect()
      await mine.query(`LISTEN ${SETTLED_CHANNEL}`)
      if (lost || closed) return
      listens = true
      failures = 0
      ask()
      onWake(null) // what was said before we listened
    } catch (cause) {
      again(cause)
    }
  }

  return {
    get listens() {
      return listens
    },
    listen: (onWake) => void connect(onWake),
    publish: () => Promise.resolve(),
    async close() {
      closed = true
      listens = false
      clearTimeout(retry)
      clearTimeout(asking)
      await client?.end().catch(() => undefined)
    },
  }
}
