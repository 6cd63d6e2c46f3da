import type { Node } from 'libpg-query'
import type { Facts } from '../../policies/input.ts'
import type { Attribute } from '../catalog/definitions.ts'
import type { CatalogSnapshot, Source } from '../catalog/snapshot.ts'
import { type CarriedAtCreation, type Carry, TEMPORARY_SCHEMA, together } from '../catalog/temporaries.ts'
import { type ColumnSet, rowSources } from './column-set.ts'
import type { Context } from './context.ts'
import type { Item } from './scope.ts'
import { type Column, derived, type Value } from './value.ts'

/**
 * What goes into the session's temporary tables, by their columns, so that a value that is masked where it comes from is
 * masked where it arrives.
 */

export function labelsOf(sources: readonly Source[]): readonly string[] {
  return sources.reduce<readonly string[]>((all, { labels }) => together(all, labels), [])
}

/** @param column null: any column of the item, for all that is known */
export function carryInto(context: Context, into: Item, column: Column | null, value: Value): void {
  const relation = context.snapshot.relationByOid(into.relation?.oid ?? 0)
  if (relation?.schema !== TEMPORARY_SCHEMA) {
    arrive(context, into, column, value)
    return
  }
  if (context.inside.length > 0) context.record.carries.isBlind = true
  const labels = labelsOf(value.sources)
  const { sources, exact, type } = value
  const isView = relation.kind === 'view'
  const behind = isView ? into.columns.all().flatMap((each) => each.sources.map(({ relationOid }) => relationOid)) : []
  for (const oid of isView ? new Set(behind) : [relation.oid]) {
    const attribute = isView ? null : (column?.self?.attribute ?? null)
    const same = exact && sources.length === 1 && type !== 0 && type === column?.type
    context.record.carries.add({ relation: oid, attribute, labels, exact: same && attribute !== null })
  }
}

/** In a column that lasts a value is masked as the others there are, which may show a part: of it, or of a part of it. */
function arrive(context: Context, into: Item, column: Column | null, value: Value): void {
  const targets = column === null ? into.columns.all() : [column]
  const labels = labelsOf(targets.flatMap(({ sources }) => sources))
  if (labels.length === 0 || (column !== null && isMoved(value, column, labels))) return
  for (const source of value.sources) if (source.labels.length > 0) context.record.column(source, 'computed')
  if (context.inside.length > 0) context.record.carries.computesBlindly = true
}

/** The value itself, and whatever masks it there masks it where it comes from. */
function isMoved({ exact, type, sources }: Value, column: Column, labels: readonly string[]): boolean {
  const alike = sources.every((source) => source.labels.length === 0 || isSame(source.labels, labels))
  return exact && alike && type !== 0 && (type === column.type || (TEXTS.has(type) && TEXTS.has(column.type)))
}

function isSame(labels: readonly string[], others: readonly string[]): boolean {
  return together(labels, others) === labels && together(others, labels) === others
}

/** text, and varchar, which refuses what is too long. */
const TEXTS: ReadonlySet<number> = new Set([25, 1043])

/** The values of a row, in the order of the columns that are named, or of all there are. */
export function carryRow(context: Context, into: Item, names: readonly string[], values: ColumnSet): void {
  if (values.open !== null) carryInto(context, into, null, derived(rowSources(values)))
  const all = into.columns.all()
  for (const [index, value] of values.all().entries()) {
    const found = names.length === 0 ? all[index] : into.columns.find(names[index] ?? '')
    carryInto(context, into, found === 'ambiguous' ? null : (found ?? null), value)
  }
}

export function carriedAtCreation(columns: ColumnSet): CarriedAtCreation {
  if (columns.open !== null) return { columns: null, anywhere: labelsOf(rowSources(columns)) }
  const all = columns.all()
  const carried = all.map(({ sources, exact }) => {
    return { labels: labelsOf(sources), exact: exact && sources.length === 1 }
  })
  return { columns: carried, anywhere: [], attributes: all.map(attributeOf) }
}

/** As the server numbers those of a new table. */
export function attributeOf(column: { readonly name: string; readonly type: number }, index: number): Attribute {
  return { number: index + 1, name: column.name, type: column.type, expression: null, generated: false }
}

/** Uses of a column that leave its value where it is. */
const KEPT: ReadonlySet<string> = new Set([
  'filtered',
  'joined',
  'sorted',
  'grouped',
  'probed',
  'written',
  'returned',
  'preset',
])
const PASSIVE: ReadonlySet<string> = new Set(['select', 'lock'])

/** All that a statement carries, also where only the whole of it is known. */
export function carriesOf({ record, snapshot }: Context, node: Node, facts: Facts): readonly Carry[] {
  const { all, isBlind } = record.carries
  const rewrites = rewritten(node)
  if (!isBlind && rewrites === null) return all
  const columns =
    rewrites === null ? facts.columns.filter(({ uses }) => uses.some((use) => !KEPT.has(use))) : facts.columns
  const labels = columns.reduce<readonly string[]>((found, column) => together(found, column.labels), [])
  return [
    ...all,
    ...changed(facts, snapshot).map((carry) => ({
      ...carry,
      labels: together(labels, rewrites === 'types' ? carry.labels : []),
    })),
  ]
}

/** Into any column of each temporary relation that is changed; with the labels of what is in it. */
function changed({ relations }: Facts, snapshot: CatalogSnapshot): readonly Carry[] {
  return relations.flatMap(({ temporary, name, access, labels }): readonly Carry[] => {
    const relation =
      temporary && !access.every((each) => PASSIVE.has(each)) ? snapshot.relation(TEMPORARY_SCHEMA, name) : undefined
    return relation === undefined ? [] : [{ relation: relation.oid, attribute: null, labels, exact: false }]
  })
}

const computing: ReadonlySet<string> = new Set(['AT_AddColumn', 'AT_ColumnDefault', 'AT_SetExpression'])

/** ALTER TABLE computes values of columns from others, or makes others of what is in them. */
function rewritten(node: Node): 'values' | 'types' | null {
  if (!('AlterTableStmt' in node)) return null
  const subtypes = (node.AlterTableStmt.cmds ?? []).map(
    (each) => ('AlterTableCmd' in each ? each.AlterTableCmd.subtype : '') ?? '',
  )
  if (subtypes.includes('AT_AlterColumnType')) return 'types'
  return subtypes.some((subtype) => computing.has(subtype)) ? 'values' : null
}
