import pg from 'pg'
import { confirmingQuery } from './confirming-query.ts'
import type { CatalogSnapshot } from './snapshot.ts'

/** The definitions that a judgement rests on and that could change under a statement while its text stays the same. */
export interface Footing {
  readonly relations: ReadonlySet<number>
  readonly relationNames: ReadonlySet<string>
  readonly routines: ReadonlySet<number>
  readonly routineNames: ReadonlySet<string>
  /** Types whose checks run when a value is made. */
  readonly domains: ReadonlySet<number>
  /** The snapshot they were taken from. */
  readonly snapshot: CatalogSnapshot
}

interface Asked {
  readonly footing: Footing
  readonly answer: (unchanged: boolean) => void
}

/**
 * Asks the server, on a connection of our own, whether definitions are still those of the snapshot. Exact and cheap: it
 * looks only at the catalog rows of what was named, and a row written by a transaction that the snapshot has not seen
 * is a change. One question runs at a time; all who ask meanwhile share the next, so that a thousand sessions cost one.
 */
export class Confirmations {
  readonly #connection: pg.ClientConfig
  #client: Promise<pg.Client> | null = null
  #asked: Asked[] = []
  #running = false
  #closed = false

  constructor(connection: pg.ClientConfig) {
    this.#connection = connection
  }

  /** False when something changed since, or nobody could be asked. */
  unchanged(footing: Footing): Promise<boolean> {
    return new Promise((answer) => {
      this.#asked.push({ footing, answer })
      if (!this.#running) void this.#run()
    })
  }

  async close(): Promise<void> {
    this.#closed = true
    await this.#client?.then((client) => client.end()).catch(() => undefined)
  }

  async #run(): Promise<void> {
    this.#running = true
    while (this.#asked.length > 0) {
      const { snapshot } = (this.#asked[0] as Asked).footing
      const now = this.#asked.filter(({ footing }) => footing.snapshot === snapshot)
      this.#asked = this.#asked.filter(({ footing }) => footing.snapshot !== snapshot)
      const unchanged = await this.#ask(now, snapshot).catch(() => this.#lose())
      for (const { answer } of now) answer(unchanged)
    }
    this.#running = false
  }

  async #ask(asked: readonly Asked[], snapshot: CatalogSnapshot): Promise<boolean> {
    const all = <T>(part: (footing: Footing) => ReadonlySet<T>): T[] => [
      ...new Set(asked.flatMap(({ footing }) => [...part(footing)])),
    ]
    const relationNames = all(({ relationNames }) => relationNames)
    const routineNames = all(({ routineNames }) => routineNames)
    const client = await this.#connected()
    const { rows } = await client.query<{ changed: boolean; relations: string; routines: number }>({
      name: 'confirm',
      text: confirmingQuery,
      values: [
        snapshot.definitions.seen,
        all(({ relations }) => relations),
        relationNames,
        all(({ routines }) => routines),
        routineNames,
        all(({ domains }) => domains),
      ],
    })
    const [found] = rows
    if (found === undefined || found.changed) return false
    // What is gone has left no row; then there are fewer.
    return (
      found.relations === String(sum(relationNames, (name) => snapshot.relations.numbersOf(name))) &&
      found.routines === sum(routineNames, (name) => snapshot.routines(name).length)
    )
  }

  #connected(): Promise<pg.Client> {
    if (this.#closed) throw new Error('closed')
    this.#client ??= open(this.#connection, () => void this.#lose())
    return this.#client
  }

  /** The next question opens a new connection. */
  #lose(): false {
    const lost = this.#client
    this.#client = null
    lost?.then((client) => client.end()).catch(() => undefined)
    return false
  }
}

async function open(connection: pg.ClientConfig, lost: () => void): Promise<pg.Client> {
  const client = new pg.Client({ ...connection, statement_timeout: STATEMENT_MS_MAX, query_timeout: ANSWER_MS_MAX })
  client.on('error', lost)
  await client.connect()
  return client
}

const STATEMENT_MS_MAX = 5_000
const ANSWER_MS_MAX = 6_000

function sum(names: readonly string[], count: (name: string) => number): number {
  return names.reduce((total, name) => total + count(name), 0)
}
