import pg from 'pg'
import type { TargetConfig } from '../../config.ts'
import { viewSources } from '../sql/view.ts'
import { ChangeWatch, readMark } from './change-watch.ts'
import type { LabelRules } from './column-sources.ts'
import type { Definitions } from './definitions.ts'
import { CatalogError } from './errors.ts'
import { loadDefinitions } from './load.ts'
import { beginReadOnly, type SideOptions } from './side-transaction.ts'
import { CatalogSnapshot } from './snapshot.ts'
import { connectionOf } from './target-connection.ts'

export interface Catalog {
  /** What names mean now. While `pending` is not null it may be out of date and must not be judged by. */
  readonly snapshot: CatalogSnapshot
  /** A reload after a change that is known to have happened; null when the snapshot can be used. */
  readonly pending: Promise<void> | null
  /** Reads all definitions anew. @throws CatalogError; the snapshot is then no longer usable until one succeeds */
  refresh(): Promise<void>
  /**
   * Looks now for what was changed elsewhere, for somebody who misses a name.
   * @returns null when there was so much looking of late that the next is too far off to be waited for
   */
  look(): Promise<void> | null
  /** From now on columns are labelled by these rules; takes effect at once, without reading anything. */
  relabel(labels: LabelRules): void
  /** Runs one read-only statement beside the clients' sessions. @throws what the server answered */
  query<T extends pg.QueryResultRow>(sql: string, values: readonly unknown[], options: SideOptions): Promise<T[]>
  close(): Promise<void>
}

export interface CatalogLog {
  warn(fields: object, message: string): void
  info(fields: object, message: string): void
}

export interface CatalogOptions {
  readonly target: TargetConfig
  readonly labels: LabelRules
  readonly log: CatalogLog
  /** How often definitions changed elsewhere are looked for; more rarely where looking takes long. */
  readonly checkEveryMs?: number
}

const ATTEMPTS = 3

/**
 * Opens connections of our own to the target and reads its definitions.
 * @throws CatalogError
 */
export async function openCatalog(options: CatalogOptions): Promise<Catalog> {
  const catalog = new LiveCatalog(options)
  try {
    await catalog.refresh()
  } catch (error) {
    await catalog.close()
    throw error
  }
  catalog.watch()
  return catalog
}

/**
 * Three moves: `refresh` reads everything and replaces the snapshot; `watch` looks for changes made elsewhere and
 * refreshes when there are some; `close` ends both. A refresh that is asked for while one runs runs once more after it,
 * because the running one may have read from before the change. When reading fails the last snapshot is not served:
 * `snapshot` throws until a later look succeeds.
 */
class LiveCatalog implements Catalog {
  readonly #options: CatalogOptions
  readonly #connection: pg.ClientConfig
  readonly #pool: pg.Pool
  #snapshot: CatalogSnapshot | null = null
  /** What the snapshot was made of. */
  #definitions: Definitions | null = null
  #labels: LabelRules
  #version = 0
  #pending: Promise<void> | null = null
  #again = false
  readonly #watch: ChangeWatch
  #closed = false

  constructor(options: CatalogOptions) {
    this.#options = options
    this.#labels = options.labels
    this.#connection = connectionOf(options.target)
    this.#pool = new pg.Pool({ ...this.#connection, max: 2, idleTimeoutMillis: 30_000 })
    const lost = (error: Error): void =>
      options.log.warn({ target: options.target.name, error }, 'catalog connection lost')
    this.#pool.on('error', lost)
    // One that is in use when it is lost says so itself; what runs on it fails by its own promise.
    this.#pool.on('connect', (client) => client.on('error', lost))
    this.#watch = new ChangeWatch({
      pool: this.#pool,
      changed: () => this.refresh(),
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
    if (this.#pending !== null) {
      this.#again = true
      return this.#pending
    }
    const run = this.#load().finally(() => {
      if (this.#pending === run) this.#pending = null
    })
    this.#pending = run
    return run
  }

  relabel(labels: LabelRules): void {
    this.#labels = labels
    if (this.#snapshot !== null && this.#definitions !== null) this.#snapshot = this.#snapshotOf(this.#definitions)
  }

  look(): Promise<void> | null {
    return this.#closed ? null : this.#watch.ask()
  }

  async query<T extends pg.QueryResultRow>(
    sql: string,
    values: readonly unknown[],
    options: SideOptions,
  ): Promise<T[]> {
    const client = await this.#pool.connect()
    let failed = true
    try {
      await client.query(beginReadOnly(options))
      const { rows } = await client.query<T>(sql, [...values])
      await client.query('ROLLBACK')
      failed = false
      return rows
    } finally {
      client.release(failed)
    }
  }

  watch(): void {
    this.#watch.start()
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#watch.stop()
    await this.#pending?.catch(() => undefined)
    await this.#pool.end()
  }

  async #load(): Promise<void> {
    let failures = 0
    do {
      this.#again = false
      try {
        await this.#read()
      } catch (cause) {
        failures++
        this.#again = true
        if (failures < ATTEMPTS && !this.#closed) continue
        // Something changed and we do not know what: nothing is judged by what was true before.
        this.#snapshot = null
        this.#watch.forget()
        throw this.#failure(cause)
      }
    } while (this.#again)
  }

  async #read(): Promise<void> {
    const client = await this.#pool.connect()
    let failed = true
    try {
      // Marked first: a change between the two is then read now and noticed once more, never missed.
      const mark = await readMark(client)
      const definitions = await loadDefinitions(client as unknown as pg.Client)
      this.#watch.read(mark)
      this.#definitions = definitions
      this.#snapshot = this.#snapshotOf(definitions)
      failed = false
    } finally {
      client.release(failed)
    }
  }

  #snapshotOf(definitions: Definitions): CatalogSnapshot {
    return new CatalogSnapshot(definitions, { labels: this.#labels, version: ++this.#version, viewSources })
  }

  #failure(cause: unknown): CatalogError {
    const { target } = this.#options
    return new CatalogError('not_loaded', `The definitions of ${target.name} could not be read`, {
      cause,
      hint: `Check that ${target.host}:${target.port} answers and that ${target.user} may log in to ${target.database}`,
    })
  }
}
