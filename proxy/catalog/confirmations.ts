import type { TargetConfig } from '../../config.ts'
import { DefinitionsNow } from './definitions-now.ts'
import { QuestionConnection } from './question-connection.ts'
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

/** Who waits for the next question, by what they ask of. */
type Round = Map<Footing, PromiseWithResolvers<boolean>>

interface Connected {
  readonly connection: QuestionConnection
  readonly witnesses: Witnesses
  readonly definitions: DefinitionsNow
}

/**
 * Asks the server, on a connection of our own, whether definitions are still those of the snapshot. Exact: what is
 * named is looked at in the catalog, and the marks of its rows are compared with those of the rows that were read. And
 * cheap: of plain tables that were looked at before, a witness says whether anything has happened since (witness.ts).
 * One question runs at a time, which takes less than two at once: all who ask meanwhile, or in the same turn of the
 * event loop, share the next, so that a thousand sessions cost one.
 */
export class Confirmations {
  readonly #target: TargetConfig
  readonly #trustedMs: number
  #connected: Promise<Connected> | null = null
  #next: Round = new Map()
  #running = false
  #closed = false
  readonly #recent = new RecentlyConfirmed()
  #askingAhead = false

  /** @param trustedMs for so long after the server has said it, plain tables are what it said they are */
  constructor(target: TargetConfig, trustedMs: number) {
    this.#target = target
    this.#trustedMs = trustedMs
  }

  /** Plain tables are what the server last said of them, for a while. */
  get trustsPlain(): boolean {
    return this.#trustedMs > 0
  }

  /** False when something changed since, or nobody could be asked. */
  unchanged(footing: Footing): Promise<boolean> {
    const asked = this.#next.get(footing)
    if (asked !== undefined) return asked.promise
    const asking = Promise.withResolvers<boolean>()
    this.#next.set(footing, asking)
    if (!this.#running) void this.#run()
    return asking.promise
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
    await this.#connected?.then(({ connection }) => connection.close()).catch(() => undefined)
  }

  async #run(): Promise<void> {
    this.#running = true
    while (this.#next.size > 0) {
      // What other replies are here at the same moment is taken first, and shares the question.
      await new Promise(setImmediate)
      const round = this.#next
      this.#next = new Map()
      for (const [snapshot, footings] of Map.groupBy(round.keys(), ({ snapshot }) => snapshot)) {
        const standing = await this.#ask(footings, snapshot).catch(() => NONE)
        for (const footing of footings) round.get(footing)?.resolve(standing.has(footing))
      }
    }
    this.#running = false
  }

  /** @returns those that are as in the snapshot */
  async #ask(footings: readonly Footing[], snapshot: CatalogSnapshot): Promise<ReadonlySet<Footing>> {
    const connected = this.#connect()
    try {
      return await this.#askOn(await connected, footings, snapshot)
    } catch (error) {
      this.#lose(connected)
      throw error
    }
  }

  async #askOn(
    { witnesses, definitions }: Connected,
    footings: readonly Footing[],
    snapshot: CatalogSnapshot,
  ): Promise<ReadonlySet<Footing>> {
    const askedAt = performance.now()
    const answers = await witnesses.ask(footings)
    const standing = new Set(footings.filter((footing) => answers.stands(footing)))
    const doubtful = footings.filter((footing) => !standing.has(footing))
    // Looked at after the witnesses have spoken, so that what happens in between is not missed by both.
    for (const footing of await definitions.unchanged(doubtful, snapshot)) {
      answers.confirmed(footing)
      standing.add(footing)
    }
    if (this.#trustedMs > 0) this.#recent.confirmed([...standing], askedAt)
    return standing
  }

  #connect(): Promise<Connected> {
    if (this.#closed) return Promise.reject(new Error('closed'))
    if (this.#connected !== null) return this.#connected
    const opening = QuestionConnection.open(this.#target, () => this.#lose(connected))
    const connected = opening.then((connection) => ({
      connection,
      witnesses: new Witnesses(connection),
      definitions: new DefinitionsNow(connection),
    }))
    this.#connected = connected
    return connected
  }

  /** The next question opens a new connection. */
  #lose(lost: Promise<Connected>): void {
    if (this.#connected === lost) this.#connected = null
    lost.then(({ connection }) => connection.close()).catch(() => undefined)
  }
}

const NONE: ReadonlySet<Footing> = new Set()
