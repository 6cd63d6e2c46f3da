import pg from 'pg'
import type { Log } from '../../log.ts'

/** One LISTEN connection that is made again when it ends; whoever waits looks for itself now and then all the same. */
export interface Listening {
  close(): Promise<void>
}

/** Said by the trigger on followed_branch: the release in force may be another. */
export const RELEASE_CHANNEL = 'holdpoint_release'
/** Said by whoever heard from GitHub that something happened. */
export const HINT_CHANNEL = 'holdpoint_release_hint'
const RETRY_MS = 1_000

export function listenTo(pool: pg.Pool, channel: string, onNotice: () => void, log: Pick<Log, 'warn'>): Listening {
  let client: pg.Client | null = null
  let retry: NodeJS.Timeout | undefined
  let closed = false

  async function connect(): Promise<void> {
    const mine = new pg.Client({ ...pool.options, application_name: 'holdpoint releases' })
    client = mine
    mine.on('error', () => undefined) // an end follows
    mine.on('notification', onNotice)
    mine.once('end', again)
    try {
      await mine.connect()
      await mine.query(`LISTEN ${channel}`)
      onNotice() // what was said before we listened
    } catch (err) {
      log.warn({ err, channel }, 'nobody listens for releases; they are looked for now and then')
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
    close: async () => {
      closed = true
      clearTimeout(retry)
      await client?.end().catch(() => undefined)
    },
  }
}
