import type pg from 'pg'
import { DEFINITIONS_TRUSTED_MS } from '../../config-target.ts'
import { viewSources } from '../sql/view.ts'
import type { Catalog, CatalogOptions } from './catalog.ts'
import { ChangeWatch } from './change-watch.ts'
import type { LabelRules } from './column-sources.ts'
import { Confirmations, type Footing } from './confirmations.ts'
import type { Definitions } from './definitions.ts'
import { describedParameters } from './described-parameters.ts'
import { CatalogError } from './errors.ts'
import { FirstReading } from './first-reading.ts'
import { FormerLabels } from './former-labels.ts'
import { HeldUp } from './held-up.ts'
import { gaveWay, loadDefinitions, markOf, onlyRelationsChanged } from './load.ts'
import type { Urgency } from './looks.ts'
import { notRead } from './not-read.ts'
import { identify } from './queries.ts'
import { besideSessions, type SideOptions } from './side-transaction.ts'
import { CatalogSnapshot } from './snapshot.ts'
import { connectionOf, poolOf } from './target-connection.ts'

const ATTEMPTS = 3

/**
 * Three moves: `refresh` reads what has changed and replaces the snapshot; `watch` looks for changes made elsewhere and
 * refreshes when there are some; `close` ends both. A refresh that is asked for while one runs runs once more after it,
 * because the running one may have read from before the change. One that a lock keeps from reading goes on, and is waited
 * for no longer (held-up.ts). When reading fails the last snapshot is not served: `snapshot` throws until one succeeds.
 */
export class LiveCatalog implements Catalog {
  readonly #options: CatalogOptions
  readonly #connection: pg.ClientConfig
  readonly #pool: pg.Pool
  /** Previews may take seconds; no look waits behind them. */
  readonly #side: pg.Pool
  #snapshot: CatalogSnapshot | null = null
  /** What the snapshot was made of. */
  #definitions: Definitions | null = null
  readonly #labels: FormerLabels
  #version = 0
  #pending: Promise<void> | null = null
  #again = false
  readonly #first: FirstReading
  readonly #heldUp = new HeldUp()
  readonly #watch: ChangeWatch
  readonly #confirmations: Confirmations
  readonly trusts = (footing: Footing): boolean => footing.isPlain && this.#confirmations.trustsPlain
  #closed = false

  constructor(options: CatalogOptions) {
    this.#options = options
    this.#labels = new FormerLabels(options.labels)
    this.#connection = connectionOf(options.target)
    this.#confirmations = new Confirmations(
      options.target,
      options.target.definitionsTrustedMs ?? DEFINITIONS_TRUSTED_MS,
    )
    this.#pool = this.#openPool()
    this.#first = new FirstReading({ pool: this.#pool, take: (definitions) => this.#take(definitions) })
    this.#side = this.#openPool()
    this.#watch = new ChangeWatch({
      pool: this.#pool,
      changed: () => this.#refresh(),
      failed: (error) => options.log.warn({ target: options.target.name, error }, 'definitions could not be checked'),
      everyMs: options.checkEveryMs,
    })
  }

  get snapshot(): CatalogSnapshot {
    if (this.#snapshot === null) throw new CatalogError('not_loaded', 'The definitions of the target are not loaded')
    return this.#snapshot
  }

  get pending(): Promise<void> | null {
    return this.#pending
  }

  refresh(): Promise<void> {
    this.#heldUp.doubt()
    return this.#refresh()
  }

  #refresh(): Promise<void> {
    if (this.#pending !== null) this.#again = true
    else {
      const run = this.#load().finally(() => {
        this.#heldUp.ended()
        if (this.#pending === run) this.#pending = null
      })
      this.#pending = run
    }
    return (this.#snapshot === null ? this.#first : this.#heldUp).unless(this.#pending)
  }

  whenRead(waitMs = 0): Promise<boolean> {
    return this.#heldUp.isOver(this.#pending, waitMs)
  }

  async stillSo(footing: Footing): Promise<boolean> {
    return footing.snapshot === this.#snapshot && this.#heldUp.canBeAskedFor && this.#confirmations.unchanged(footing)
  }

  /** What its columns were labelled for before this process. */
  async recall(): Promise<void> {
    const { memoryOf } = this.#options
    if (memoryOf === undefined) return
    const { rows } = await this.#pool.query<{ database: string }>(identify).catch((cause: unknown) => {
      throw notRead(this.#options.target, cause)
    })
    this.#labels.recall(await memoryOf(rows[0]?.database ?? ''))
  }

  relabel(labels: LabelRules): void {
    this.#labels.relabel(labels)
    if (this.#snapshot === null) return
    this.#snapshot = this.#snapshot.relabelled(this.#labels.now(), ++this.#version)
    this.#labels.remember(this.#snapshot.definitions).catch(() => undefined) // as the next reading will find
  }

  look(urgency?: Urgency): Promise<void> | null {
    return this.#closed ? null : this.#watch.ask(urgency)
  }

  async unchanged(footing: Footing): Promise<boolean> {
    // There is a newer one to judge by already.
    if (this.#snapshot !== null && footing.snapshot !== this.#snapshot) return false
    if (this.#snapshot !== null && (await this.#confirmations.unchanged(footing))) return true
    await this.#refresh()
    return false
  }

  isRecent(footing: Footing): boolean {
    return footing.isPlain && footing.snapshot === this.#snapshot && this.#confirmations.isRecent(footing)
  }

  query<T extends pg.QueryResultRow>(sql: string, values: readonly unknown[], options: SideOptions): Promise<T[]> {
    return besideSessions(this.#side, options, async (client) => (await client.query<T>(sql, [...values])).rows)
  }

  parameterTypes(text: string, declared: readonly number[], options: SideOptions): Promise<readonly number[]> {
    return besideSessions(this.#side, options, (client) => describedParameters(client, text, declared))
  }

  watch(): void {
    this.#watch.start()
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#watch.stop()
    await this.#pending?.catch(() => undefined)
    await this.#confirmations.close()
    await Promise.all([this.#pool.end(), this.#side.end()])
  }

  #openPool(): pg.Pool {
    const { log, target } = this.#options
    return poolOf(this.#connection, (error) => log.warn({ target: target.name, error }, 'catalog connection lost'))
  }

  async #load(): Promise<void> {
    let failures = 0
    do {
      this.#again = false
      try {
        await this.#read()
      } catch (cause) {
        this.#again = true
        if (!gaveWay(cause)) failures++
        else if (this.#snapshot === null)
          failures = (await this.#first.gaveWay(performance.now())) ? failures : ATTEMPTS
        else this.#heldUp.gaveWay(performance.now(), await onlyRelationsChanged(this.#pool, this.#definitions))
        if (failures < ATTEMPTS && !this.#closed) continue
        // Something changed and we do not know what: nothing is judged by what was true before.
        this.#snapshot = null
        this.#watch.forget()
        throw notRead(this.#options.target, cause)
      }
    } while (this.#again)
  }

  async #take(definitions: Definitions): Promise<void> {
    await this.#labels.remember(definitions)
    if (definitions !== this.#definitions || this.#snapshot === null) this.#snapshot = this.#snapshotOf(definitions)
    this.#definitions = definitions
    this.#first.over()
  }

  async #read(): Promise<void> {
    const client = await this.#pool.connect()
    let failed = true
    try {
      const { definitions, read } = await loadDefinitions(client, this.#definitions)
      await this.#take(definitions)
      this.#heldUp.over()
      this.#watch.read(markOf(definitions.marks))
      failed = false
      const { log, target } = this.#options
      log.info({ target: target.name, relations: read?.size ?? definitions.relations.length }, 'definitions were read')
    } finally {
      client.release(failed)
    }
  }

  #snapshotOf(definitions: Definitions): CatalogSnapshot {
    return new CatalogSnapshot(definitions, { labels: this.#labels.now(), version: ++this.#version, viewSources })
  }
}
