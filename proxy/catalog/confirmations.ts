import pg from 'pg'
import { confirming } from './marks.ts'
import { RecentlyConfirmed } from './recently-confirmed.ts'
import type { CatalogSnapshot } from './snapshot.ts'
import { Witnesses } from './witnesses.ts'

/** The definitions that a judgement rests on and that could change under a statement while its text stays the same. */
export interface Footing {
  readonly relations: ReadonlySet<number>
  readonly relationNames: ReadonlySet<string>
  readonly routines: ReadonlySet<number>
  readonly routineNames: ReadonlySet<string>
  /** Types whose checks run when a value is made. */
  readonly domains: ReadonlySet<number>
  /** Nothing but plain tables: it may do if the server was asked a moment ago. */
  readonly isPlain: boolean
  /** The snapshot they were taken from. */
  readonly snapshot: CatalogSnapshot
}

interface Asked {
  readonly footing: Footing
  readonly answer: (unchanged: boolean) => void
}

interface Connected {
  readonly client: pg.Client
  readonly witnesses: Witnesses
}

/**
 * Asks the server, on a connection of our own, whether definitions are still those of the snapshot. Exact: what is
 * named is looked at in the catalog, and the marks of its rows are compared with those of the rows that were read. And
 * cheap: of plain tables that were looked at before, a witness says whether anything has happened since (witness.ts).
 * One question runs at a time; all who ask meanwhile share the next, so that a thousand sessions cost one.
 */
export class Confirmations {
  readonly #connection: pg.ClientConfig
  readonly #trustedMs: number
  #connected: Promise<Connected> | null = null
  #asked: Asked[] = []
  #running = false
  #closed = false
  readonly #recent = new RecentlyConfirmed()
  #askingAhead = false

  /** @param trustedMs for so long after the server has said it, plain tables are what it said they are */
  constructor(connection: pg.ClientConfig, trustedMs: number) {
    this.#connection = connection
    this.#trustedMs = trustedMs
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
    if (this.#trustedMs === 0) return false
    const age = this.#recent.age(footing, performance.now())
    if (age > this.#trustedMs) return false
    this.#recent.uses(footing)
    if (age > this.#trustedMs / 2 && !this.#askingAhead) void this.#askAhead()
    return true
  }

  async #askAhead(): Promise<void> {
    this.#askingAhead = true
    await Promise.all([...this.#recent.takeUsed()].map((footing) => this.unchanged(footing)))
    this.#askingAhead = false
  }

  async close(): Promise<void> {
    this.#closed = true
    await this.#connected?.then(({ client }) => client.end()).catch(() => undefined)
  }

  async #run(): Promise<void> {
    this.#running = true
    while (this.#asked.length > 0) {
      const { snapshot } = (this.#asked[0] as Asked).footing
      const now = this.#asked.filter(({ footing }) => footing.snapshot === snapshot)
      this.#asked = this.#asked.filter(({ footing }) => footing.snapshot !== snapshot)
      const footings = now.map(({ footing }) => footing)
      const standing = await this.#ask(footings, snapshot).catch(() => this.#lose())
      for (const { footing, answer } of now) answer(standing.has(footing))
    }
    this.#running = false
  }

  /** @returns those that are as in the snapshot */
  async #ask(footings: readonly Footing[], snapshot: CatalogSnapshot): Promise<ReadonlySet<Footing>> {
    const { client, witnesses } = await this.#connect()
    const askedAt = performance.now()
    const answers = await witnesses.ask(footings)
    const standing = footings.filter((footing) => answers.stands(footing))
    const doubtful = footings.filter((footing) => !answers.stands(footing))
    // Looked at after the witnesses have spoken, so that what happens in between is not missed by both.
    for (const footing of await unchangedOf(client, doubtful, { snapshot, left: QUESTIONS_MAX })) {
      answers.confirmed(footing)
      standing.push(footing)
    }
    if (this.#trustedMs > 0) this.#recent.confirmed(standing, askedAt)
    return new Set(standing)
  }

  #connect(): Promise<Connected> {
    if (this.#closed) throw new Error('closed')
    this.#connected ??= open(this.#connection, () => void this.#lose())
    return this.#connected
  }

  /** The next question opens a new connection. */
  #lose(): ReadonlySet<Footing> {
    const lost = this.#connected
    this.#connected = null
    lost?.then(({ client }) => client.end()).catch(() => undefined)
    return new Set()
  }
}

/** Beyond it what is asked about together stands or falls together. */
const QUESTIONS_MAX = 64

/** Asked about together; where something has changed, by halves, so that one changed view is nobody else's. */
async function unchangedOf(
  client: pg.Client,
  footings: readonly Footing[],
  asking: { readonly snapshot: CatalogSnapshot; left: number },
): Promise<readonly Footing[]> {
  if (footings.length === 0 || asking.left-- <= 0) return []
  if (await isUnchanged(client, footings, asking.snapshot)) return footings
  if (footings.length === 1) return []
  const middle = footings.length >> 1
  const first = await unchangedOf(client, footings.slice(0, middle), asking)
  return [...first, ...(await unchangedOf(client, footings.slice(middle), asking))]
}

/** Whether the catalog rows of what these name are those of the snapshot. @throws what the server answered */
async function isUnchanged(
  client: pg.Client,
  footings: readonly Footing[],
  snapshot: CatalogSnapshot,
): Promise<boolean> {
  const all = <T>(part: (footing: Footing) => ReadonlySet<T>): T[] => [
    ...new Set(footings.flatMap((footing) => [...part(footing)])),
  ]
  const names = all(({ relationNames }) => relationNames)
  const called = names.flatMap((name) => snapshot.relations.called(name))
  const relations = [...new Set([...all(({ relations }) => relations), ...called.map(({ oid }) => oid)])]
  const routines = all(({ routineNames }) => routineNames)
  const domains = all(({ domains }) => domains)
  const { rows } = await client.query<Record<'relations' | 'names' | 'routines' | 'checks' | 'others', number>>({
    name: 'confirm',
    text: confirming,
    values: [relations, names, routines, domains],
  })
  const { marks } = snapshot.definitions
  const [now] = rows
  return (
    now !== undefined &&
    now.relations === sum(relations, (oid) => marks.relations.get(oid)) &&
    now.names === sum(called, ({ oid }) => oid) &&
    now.routines === sum(routines, (name) => marks.routineNames.get(name)) &&
    now.checks === sum(domains, (oid) => marks.checks.get(oid)) &&
    now.others === marks.lists.operators + marks.lists.schemas
  )
}

async function open(connection: pg.ClientConfig, lost: () => void): Promise<Connected> {
  const client = new pg.Client({ ...connection, statement_timeout: STATEMENT_MS_MAX, query_timeout: ANSWER_MS_MAX })
  client.on('error', lost)
  await client.connect()
  // What the relations are makes no other plan, and making one takes four times as long as running it.
  await client.query("SET plan_cache_mode = force_generic_plan; SET search_path = ''")
  return { client, witnesses: new Witnesses(client) }
}

const STATEMENT_MS_MAX = 5_000
const ANSWER_MS_MAX = 6_000

function sum<T>(all: readonly T[], of: (each: T) => number | undefined): number {
  return all.reduce((total, each) => total + (of(each) ?? 0), 0)
}
