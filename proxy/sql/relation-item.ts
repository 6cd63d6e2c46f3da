import type { RangeVar } from 'libpg-query'
import type { Access } from '../../policies/input.ts'
import type { Relation } from '../catalog/definitions.ts'
import type { Source } from '../catalog/snapshot.ts'
import { TEMPORARY_SCHEMA } from '../catalog/temporaries.ts'
import { attachedReads } from './attached.ts'
import { type ColumnSet, ListedColumns, relationColumns, renamed } from './column-set.ts'
import { type Context, recordRelation } from './context.ts'
import type { NamedWhere } from './missing-names.ts'
import { type NamedRelation, nameOf, useRelation } from './names.ts'
import type { Item } from './scope.ts'
import { stringsOf } from './tree.ts'
import { uncommittedOf } from './uncommitted-changes.ts'
import { union, unionOf } from './value.ts'
import { viewColumns } from './view.ts'

/** A relation by its name, with what reading or writing it brings along. */
export function relationItem(
  context: Context,
  range: RangeVar,
  access: readonly Access[],
  { location }: NamedWhere = range,
): Item {
  context.seen.add(range)
  const found = useRelation(context, nameOf(range), access, { location })
  context.named?.set(range, found)
  const relation = found.found === 'relation' ? found.relation : found.found === 'nothing' ? null : found.shadowed
  if (relation !== null)
    for (const foreign of context.snapshot.foreignBelow(relation.oid)) recordRelation(context, foreign, access)
  const columns = columnsOf(context, relation)
  const isOpen = found.found !== 'relation' || uncommittedOf(context.names.uncommitted).isExtended(found.relation.oid)
  return {
    name: range.alias?.aliasname ?? range.relname ?? null,
    relation: range.alias === undefined ? relation : relation && { ...relation, name: '' },
    columns: renamed(isOpen ? opened(columns, unknownOf(context, found)) : columns, stringsOf(range.alias?.colnames)),
    unqualified: true,
    qualified: true,
  }
}

export function columnsOf(context: Context, relation: Relation | null): ColumnSet {
  if (relation === null) return new ListedColumns([])
  const columns = viewColumns(context, relation) ?? relationColumns(context.snapshot, relation)
  if (relation.rowSecurity) attachedReads(context, relation)
  return columns
}

/** Its columns are not known; where a permanent one lies beneath, its columns may be meant. */
function opened(columns: ColumnSet, unknown: readonly Source[]): ColumnSet {
  const all = columns.all().map((column) => ({ ...column, sources: union(column.sources, unknown), exact: false }))
  return new ListedColumns(all, union(unionOf(all), unknown))
}

/** In a temporary relation of which nothing is known there may be whatever the session carried into any of its own. */
function unknownOf({ snapshot }: Context, found: NamedRelation): readonly Source[] {
  const { labels } = snapshot.temporary.all
  if (found.found !== 'temporary' || labels.length === 0) return []
  const key = `unknown ${found.name}`
  const known = snapshot.memo.get(key) as readonly Source[] | undefined
  const relation = found.name
  const made = known ?? [{ relationOid: 0, attribute: 0, schema: TEMPORARY_SCHEMA, relation, column: '*', labels }]
  snapshot.memo.set(key, made)
  return made
}
