import pg from 'pg'
import { confirming } from './marks.ts'
import { RECENT_MS, RecentlyConfirmed } from './recently-confirmed.ts'
import type { CatalogSnapshot } from './snapshot.ts'

/** The definitions that a judgement rests on and that could change under a statement while its text stays the same. */
export interface Footing {
  readonly relations: ReadonlySet<number>
  readonly relationNames: ReadonlySet<string>
  readonly routines: ReadonlySet<number>
  readonly routineNames: ReadonlySet<string>
  /** Types whose checks run when a value is made. */
  readonly domains: ReadonlySet<number>
  /** Nothing but plain tables: it will do if the server was asked a moment ago. */
  readonly isPlain: boolean
  /** The snapshot they were taken from. */
  readonly snapshot: CatalogSnapshot
}

interface Asked {
  readonly footing: Footing
  readonly answer: (unchanged: boolean) => void
}

/**
 * Asks the server, on a connection of our own, whether definitions are still those of the snapshot. Exact and cheap: it
 * looks only at the catalog rows of what was named, and compares their mark with that of the rows that were read. One question runs at a time; all who ask meanwhile share the next, so that a thousand sessions cost one.
 */
export class Confirmations {
  readonly #connection: pg.ClientConfig
  #client: Promise<pg.Client> | null = null
  #asked: Asked[] = []
  #running = false
  #closed = false
  readonly #recent = new RecentlyConfirmed()
  #askingAhead = false

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

  /** True when it was asked a moment ago. What goes on being read is asked about again before that is long ago. */
  isRecent(footing: Footing): boolean {
    const age = this.#recent.age(footing, performance.now())
    if (age > RECENT_MS) return false
    this.#recent.uses(footing)
    if (age > RECENT_MS / 2 && !this.#askingAhead) void this.#askAhead()
    return true
  }

  async #askAhead(): Promise<void> {
    this.#askingAhead = true
    await Promise.all([...this.#recent.takeUsed()].map((footing) => this.unchanged(footing)))
    this.#askingAhead = false
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
    const names = all(({ relationNames }) => relationNames)
    const called = names.flatMap((name) => snapshot.relations.called(name))
    const relations = [...new Set([...all(({ relations }) => relations), ...called.map(({ oid }) => oid)])]
    const routines = all(({ routineNames }) => routineNames)
    const domains = all(({ domains }) => domains)
    const client = await this.#connected()
    const askedAt = performance.now()
    const { rows } = await client.query<Record<'relations' | 'names' | 'routines' | 'checks' | 'others', number>>({
      name: 'confirm',
      text: confirming,
      values: [relations, names, routines, domains],
    })
    const { marks } = snapshot.definitions
    const [now] = rows
    const same =
      now !== undefined &&
      now.relations === sum(relations, (oid) => marks.relations.get(oid)) &&
      now.names === sum(called, ({ oid }) => oid) &&
      now.routines === sum(routines, (name) => marks.routineNames.get(name)) &&
      now.checks === sum(domains, (oid) => marks.checks.get(oid)) &&
      now.others === marks.lists.operators + marks.lists.schemas
    if (same)
      this.#recent.confirmed(
        asked.map(({ footing }) => footing),
        askedAt,
      )
    return same
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
  // What the relations are makes no other plan, and making one takes four times as long as running it.
  await client.query('SET plan_cache_mode = force_generic_plan')
  return client
}

const STATEMENT_MS_MAX = 5_000
const ANSWER_MS_MAX = 6_000

function sum<T>(all: readonly T[], of: (each: T) => number | undefined): number {
  return all.reduce((total, each) => total + (of(each) ?? 0), 0)
}
