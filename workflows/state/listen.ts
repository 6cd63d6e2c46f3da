import pg from 'pg'

/** One LISTEN connection that is made again when it ends; whoever waits looks for itself now and then all the same. */
export interface Listening {
  close(): Promise<void>
}

export interface ListenOptions {
  readonly channel: string
  /** application_name, for people who look at the state database. */
  readonly application: string
  /** The payload of each NOTIFY; null whenever we begin to listen, for what was said before is not repeated. */
  readonly heard: (payload: string | null) => void
  /** Nobody listens until the next attempt. */
  readonly failed: (err: unknown) => void
}

const RETRY_MS = 1_000

/** https://www.postgresql.org/docs/current/sql-listen.html */
export function listenTo(pool: pg.Pool, { channel, application, heard, failed }: ListenOptions): Listening {
  let client: pg.Client | null = null
  let retry: NodeJS.Timeout | undefined
  let closed = false

  async function connect(): Promise<void> {
    const mine = new pg.Client({ ...pool.options, application_name: application })
    client = mine
    mine.on('error', () => undefined) // an end follows
    mine.on('notification', ({ payload }) => heard(payload ?? null))
    mine.once('end', again)
    try {
      await mine.connect()
      await mine.query(`LISTEN ${channel}`)
      heard(null)
    } catch (err) {
      failed(err)
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
