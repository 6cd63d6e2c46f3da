import type { Footing } from './catalog/confirmations.ts'
import type { Relation } from './catalog/definitions.ts'
import type { CatalogSnapshot } from './catalog/snapshot.ts'
import type { Analysis } from './sql/analyse.ts'

/**
 * What a judgement rests on that can be replaced while the statement's text stays as it is: views, functions, rules,
 * policies, triggers, defaults, checks, children, and what a name means. Of plain tables that is little and seldom: another
 * relation under the name, a first policy, child or trigger.
 *
 * @returns null where no definition matters
 */
export function footingOf({ definitions, facts }: Analysis, snapshot: CatalogSnapshot): Footing | null {
  const routineOf = (oid: number) => snapshot.routineByOid(oid)
  const relations = definitions.flatMap(({ oid }) =>
    routineOf(oid) === undefined ? (snapshot.relationByOid(oid) ?? []) : [],
  )
  const routines = definitions.flatMap(({ oid }) => routineOf(oid) ?? [])
  const writes = facts.effects.includes('write')
  // A temporary view is known by the names in it, and a permanent one by what is behind it.
  const viewed = facts.relations.some(({ temporary, kind }) => temporary && kind === 'view')
  const domains = new Set(
    relations.flatMap(({ attributes }) => attributes.flatMap(({ type }) => domainsOf(snapshot, type))),
  )
  // What is to drop nothing, as there is nothing of that name, must not find something made meanwhile.
  const missing = facts.relations.filter(({ kind }) => kind === 'missing')
  const rowsOnly = facts.effects.every((effect) => ROWS.has(effect))
  const known = !viewed && routines.length === 0 && relations.every((relation) => isPlainTable(snapshot, relation))
  if (
    missing.length === 0 &&
    known &&
    (rowsOnly ? relations.length + facts.functions.length === 0 : !writes || relations.length === 0)
  )
    return null
  return {
    isPlain: known && rowsOnly && !(writes && domains.size > 0),
    snapshot,
    relations: new Set(relations.map(({ oid }) => oid)),
    relationNames: new Set([...relations, ...missing].map(({ name }) => name)),
    routines: new Set(routines.map(({ oid }) => oid)),
    routineNames: new Set([...routines, ...facts.functions].map(({ name }) => name)),
    domains,
  }
}

/** What else is done changes no row, and is nothing that a definition could turn into another. */
const ROWS: ReadonlySet<string> = new Set(['read', 'write'])
const STORED: ReadonlySet<Relation['kind']> = new Set(['table', 'sequence', 'index', 'toast'])

function isPlainTable(snapshot: CatalogSnapshot, { oid, kind }: Relation): boolean {
  if (!STORED.has(kind) || snapshot.childrenOf(oid).length + snapshot.rulesOf(oid).length > 0) return false
  return snapshot.expressionsOf(oid).every(({ on }) => on !== 'read')
}

function domainsOf(snapshot: CatalogSnapshot, type: number): readonly number[] {
  const found = snapshot.typeByOid(type)
  return found?.kind === 'domain' ? [type, ...domainsOf(snapshot, found.base)] : []
}
