import type { Footing } from './catalog/confirmations.ts'
import type { Relation } from './catalog/definitions.ts'
import type { CatalogSnapshot } from './catalog/snapshot.ts'
import type { Analysis } from './sql/analyse.ts'

/**
 * What a judgement rests on that can be replaced while the statement's text, its tables and their columns stay as they
 * are: views, functions, rules, policies, triggers, defaults, checks, children.
 *
 * @returns null for a read of plain tables: a column's number is never given to another
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
  // What a write sets off cannot be taken back, and any table may have got its first trigger a moment ago.
  const rests = viewed || (writes ? relations.length > 0 : !relations.every((relation) => isPlain(snapshot, relation)))
  if (!rests && routines.length === 0) return null
  return {
    snapshot,
    relations: new Set(relations.map(({ oid }) => oid)),
    relationNames: new Set(relations.map(({ name }) => name)),
    routines: new Set(routines.map(({ oid }) => oid)),
    routineNames: new Set([...routines, ...facts.functions].map(({ name }) => name)),
    domains: new Set(relations.flatMap(({ attributes }) => attributes.flatMap(({ type }) => domains(snapshot, type)))),
  }
}

const STORED: ReadonlySet<Relation['kind']> = new Set(['table', 'sequence', 'index', 'toast'])

function isPlain(snapshot: CatalogSnapshot, { oid, kind }: Relation): boolean {
  if (!STORED.has(kind) || snapshot.childrenOf(oid).length + snapshot.rulesOf(oid).length > 0) return false
  return snapshot.expressionsOf(oid).every(({ on }) => on !== 'read')
}

function domains(snapshot: CatalogSnapshot, type: number): readonly number[] {
  const found = snapshot.typeByOid(type)
  return found?.kind === 'domain' ? [type, ...domains(snapshot, found.base)] : []
}
