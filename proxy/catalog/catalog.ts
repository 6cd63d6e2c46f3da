import type pg from 'pg'
import type { TargetConfig } from '../../config.ts'
import type { LabelRules } from './column-sources.ts'
import type { Footing } from './confirmations.ts'
import type { LabelMemory } from './former-labels.ts'
import { LiveCatalog } from './live-catalog.ts'
import type { Urgency } from './looks.ts'
import type { SideOptions } from './side-transaction.ts'
import type { CatalogSnapshot } from './snapshot.ts'

export interface Catalog {
  /** What names mean now. While `pending` is not null it may be out of date and must not be judged by. */
  readonly snapshot: CatalogSnapshot
  /** A reload after a change that is known to have happened; null when the snapshot can be used. */
  readonly pending: Promise<void> | null
  /**
   * Reads what has changed of the definitions. Settles early where they were read once and `whenRead` would say no.
   * @throws CatalogError; the snapshot is then no longer usable until one succeeds
   */
  refresh(): Promise<void>
  /**
   * Waits for `pending`, or until somebody's lock has kept it from reading for a second, and then so long more.
   * @returns false when it is held up and still there
   */
  whenRead(waitMs?: number): Promise<boolean>
  /**
   * Whether the server says, while the reading is held up, that these definitions are still those of the snapshot. It is
   * never said when anything but relations has changed.
   */
  stillSo(footing: Footing): Promise<boolean>
  /**
   * Looks now for what was changed elsewhere, for somebody who misses a name, or whose statement was approved.
   * @returns null when there was so much looking of late that the next is too far off to be waited for
   */
  look(urgency?: Urgency): Promise<void> | null
  /**
   * Asks the server whether the definitions a judgement rests on are still those it was made by.
   * @returns false after reading them anew, when they are not or nobody could be asked
   */
  unchanged(footing: Footing): Promise<boolean>
  /** Whether the server has said so a moment ago; where that will do, see `Footing`. */
  isRecent(footing: Footing): boolean
  /** Whether it will do for longer than a write takes. */
  trusts(footing: Footing): boolean
  /** From now on columns are labelled by these rules; takes effect at once, without reading anything. */
  relabel(labels: LabelRules): void
  /** Runs one read-only statement beside the clients' sessions. @throws what the server answered */
  query<T extends pg.QueryResultRow>(sql: string, values: readonly unknown[], options: SideOptions): Promise<T[]>
  /**
   * The types of a statement's parameters, of which some were left to the server. It is parsed, as the client had it
   * parsed, and not run. @throws what the server answered
   */
  parameterTypes(text: string, declared: readonly number[], options: SideOptions): Promise<readonly number[]>
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
  /** What columns were labelled for before; left out: nothing outlives the process. */
  readonly memoryOf?: (database: string) => Promise<LabelMemory>
  /** How often definitions changed elsewhere are looked for; more rarely where looking takes long. */
  readonly checkEveryMs?: number
}

/**
 * Opens connections of our own to the target and reads its definitions.
 * @throws CatalogError
 */
export async function openCatalog(options: CatalogOptions): Promise<Catalog> {
  const catalog = new LiveCatalog(options)
  try {
    await catalog.recall()
    await catalog.refresh()
  } catch (error) {
    await catalog.close()
    throw error
  }
  catalog.watch()
  return catalog
}
