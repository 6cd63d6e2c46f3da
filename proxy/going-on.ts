import type { Facts } from '../policies/input.ts'
import type { Footing } from './catalog/confirmations.ts'
import type { CatalogSnapshot } from './catalog/snapshot.ts'
import type { JudgedCatalog, Judgement } from './gate.ts'

/** So long a statement waits for definitions that somebody's lock keeps from being read; each time it is asked again. */
export const LOCKED_WAITS_MS = [0, 500, 4_500] as const

const ROWS: ReadonlySet<string> = new Set(['read', 'write'])
const OF_THE_SESSION: ReadonlySet<string> = new Set(['transaction', 'session'])
const nothing: ReadonlySet<never> = new Set()

/** Where reading fails the snapshot throws, and that is judged. @returns false when somebody's lock is in its way */
export async function isRead(catalog: JudgedCatalog | undefined, waitMs?: number): Promise<boolean> {
  if (catalog?.whenRead !== undefined) return catalog.whenRead(waitMs)
  await catalog?.pending?.catch(() => undefined)
  return true
}

/**
 * Whether judgements can be gone on with though a reading of changed definitions is held up: the server says that all
 * they rest on is as it was when they were read last, what is missing included. What changes definitions waits.
 */
export async function canGoOn(
  judgements: readonly Judgement[],
  catalog: JudgedCatalog | undefined,
  snapshot: CatalogSnapshot | null,
): Promise<boolean> {
  if (catalog === undefined || snapshot === null) return false
  const asked = judgements.map((judgement) => mayGoOn(judgement, catalog, snapshot))
  return (await Promise.all(asked)).every(Boolean)
}

async function mayGoOn(
  { facts, footing }: Judgement,
  catalog: Pick<JudgedCatalog, 'stillSo'>,
  snapshot: CatalogSnapshot,
): Promise<boolean> {
  if (!facts.effects.every((effect) => ROWS.has(effect) || OF_THE_SESSION.has(effect))) return false
  return (await catalog.stillSo?.(footing ?? namedIn(facts, snapshot))) ?? false
}

/** What rests on no definition rests on there being no other thing of these names. */
function namedIn({ relations, functions }: Facts, snapshot: CatalogSnapshot): Footing {
  return {
    isPlain: false,
    snapshot,
    relations: nothing,
    relationNames: new Set(relations.map(({ name }) => name)),
    routines: nothing,
    routineNames: new Set(functions.map(({ name }) => name)),
    domains: nothing,
  }
}
