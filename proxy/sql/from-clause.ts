import type {
  Alias,
  FuncCall,
  JoinExpr,
  JsonTable,
  JsonTableColumn,
  Node,
  RangeFunction,
  RangeSubselect,
  RangeTableFunc,
  RangeVar,
} from 'libpg-query'
import type { Access } from '../../policies/input.ts'
import type { Relation, Routine } from '../catalog/definitions.ts'
import type { Source } from '../catalog/snapshot.ts'
import { attachedReads } from './attached.ts'
import { recordUse } from './column-reference.ts'
import { type Context, recordRelation } from './context.ts'
import { uncommittedOf } from './definition-change.ts'
import { expression, expressions } from './expression.ts'
import { calledFunction, decideRows } from './function-call.ts'
import { joinColumnMissing, type NamedWhere } from './missing-names.ts'
import { nameOf, useRelation, useType } from './names.ts'
import {
  type Column,
  type ColumnSet,
  type CommonTable,
  constant,
  derived,
  type Item,
  innerScope,
  JoinedColumns,
  ListedColumns,
  named,
  relationColumns,
  renamed,
  type Scope,
  union,
  unionOf,
  type Value,
} from './scope.ts'
import { select } from './select.ts'
import { stringsOf } from './tree.ts'
import { viewColumns } from './view.ts'

/**
 * Adds what a FROM clause brings into scope, from left to right.
 * https://www.postgresql.org/docs/current/queries-table-expressions.html
 */
export function fromClause(context: Context, nodes: readonly Node[] | undefined, scope: Scope): void {
  for (const node of nodes ?? []) for (const item of fromItem(context, node, scope)) scope.items.push(item)
}

/** @param scope holds the items to the left, which LATERAL ones can see */
function fromItem(context: Context, node: Node, scope: Scope): Item[] {
  if ('RangeVar' in node) return [rangeVar(context, node.RangeVar, scope)]
  if ('JoinExpr' in node) return join(context, node.JoinExpr, scope)
  if ('RangeSubselect' in node) return [subselect(context, node.RangeSubselect, scope)]
  if ('RangeFunction' in node) return [rangeFunction(context, node.RangeFunction, scope)]
  if ('RangeTableSample' in node) {
    const { relation, args, repeatable } = node.RangeTableSample
    expressions(context, args, scope, 'filtered')
    expression(context, repeatable, scope, 'filtered')
    return relation === undefined ? [] : fromItem(context, relation, scope)
  }
  if ('RangeTableFunc' in node) return [xmlTable(context, node.RangeTableFunc, scope)]
  if ('JsonTable' in node) return [jsonTable(context, node.JsonTable, scope)]
  context.record.unresolved('node', 'FROM item')
  context.record.effect('unknown')
  return []
}

function rangeVar(context: Context, range: RangeVar, scope: Scope): Item {
  const common = range.schemaname === undefined ? findCommonTable(scope, range.relname ?? '') : null
  if (common === null) return relationItem(context, range, ['select'])
  context.seen.add(range)
  const columns = renamed(common.columns(), stringsOf(range.alias?.colnames))
  return {
    name: range.alias?.aliasname ?? range.relname ?? null,
    relation: null,
    columns,
    unqualified: true,
    qualified: true,
  }
}

function findCommonTable(scope: Scope, name: string): CommonTable | null {
  for (let level: Scope | null = scope; level !== null; level = level.parent) {
    const found = level.commonTables?.get(name)
    if (found !== undefined) return found
  }
  return null
}

/** A relation by its name, with what reading or writing it brings along. */
export function relationItem(
  context: Context,
  range: RangeVar,
  access: readonly Access[],
  { location }: NamedWhere = range,
): Item {
  context.seen.add(range)
  const found = useRelation(context, nameOf(range), access, { location })
  const relation = found.found === 'relation' ? found.relation : found.found === 'nothing' ? null : found.shadowed
  if (relation !== null)
    for (const foreign of context.snapshot.foreignBelow(relation.oid)) recordRelation(context, foreign, access)
  const columns = columnsOf(context, relation)
  const isOpen = found.found !== 'relation' || uncommittedOf(context.names.uncommitted).isExtended(found.relation.oid)
  return {
    name: range.alias?.aliasname ?? range.relname ?? null,
    relation: range.alias === undefined ? relation : relation && { ...relation, name: '' },
    columns: renamed(isOpen ? opened(columns) : columns, stringsOf(range.alias?.colnames)),
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

/** A temporary relation's columns are not known; where a permanent one lies beneath, its columns may be meant. */
function opened(columns: ColumnSet): ColumnSet {
  const all = columns.all().map((column) => ({ ...column, exact: false }))
  return new ListedColumns(all, unionOf(all))
}

function subselect(context: Context, { subquery, alias, lateral }: RangeSubselect, scope: Scope): Item {
  if (subquery === undefined || !('SelectStmt' in subquery)) {
    context.record.unresolved('node', 'subquery in FROM')
    return itemOf(new ListedColumns([]), alias)
  }
  return itemOf(select(context, subquery.SelectStmt, siblings(scope, lateral === true), 'derived').columns, alias)
}

/** What the inside of a FROM item sees: the level outside, and its left neighbours only if it is LATERAL. */
function siblings(scope: Scope, lateral: boolean): Scope {
  if (lateral) return innerScope(scope, [])
  const outside: Scope = {
    parent: scope.parent,
    items: [],
    commonTables: scope.commonTables,
    parameters: scope.parameters,
    windows: new Map(),
  }
  return innerScope(outside, [])
}

function itemOf(columns: ColumnSet, alias: Alias | undefined, name: string | null = null): Item {
  return {
    name: alias?.aliasname ?? name,
    relation: null,
    columns: renamed(columns, stringsOf(alias?.colnames)),
    unqualified: true,
    qualified: true,
  }
}

function join(context: Context, fields: JoinExpr, scope: Scope): Item[] {
  const left = fields.larg === undefined ? [] : fromItem(context, fields.larg, scope)
  const between: Scope = { ...scope, items: [...scope.items, ...left] }
  const right = fields.rarg === undefined ? [] : fromItem(context, fields.rarg, between)
  const [leftColumns, rightColumns] = [visible(left), visible(right)]
  const using = fields.isNatural === true ? shared(leftColumns, rightColumns) : stringsOf(fields.usingClause)
  const merged = using.map((name) => mergedColumn(context, fields, name, [leftColumns, rightColumns]))
  const columns = new JoinedColumns(leftColumns, rightColumns, merged)
  const inside = [...left, ...right]
  expression(context, fields.quals, { ...scope, items: inside }, 'joined')
  const joined = itemOf(columns, fields.alias)
  if (fields.alias !== undefined) return [joined]
  const hidden = inside.map((item) => ({ ...item, unqualified: false }))
  const names = fields.join_using_alias
  const alias = names === undefined ? [] : [{ ...itemOf(new ListedColumns(merged), names), unqualified: false }]
  return [...hidden, ...alias, { ...joined, qualified: false }]
}

/** What a join's side offers by bare names: one item, for a join hides what it joins. */
function visible(items: readonly Item[]): ColumnSet {
  return items.find((item) => item.unqualified)?.columns ?? new ListedColumns([])
}

function shared(left: ColumnSet, right: ColumnSet): string[] {
  return left.all().flatMap(({ name }) => (right.find(name) === undefined ? [] : [name]))
}

/** The server takes the value from the side that cannot be missing, and from both for a full join. */
function mergedColumn(context: Context, join: JoinExpr, name: string, sides: readonly [ColumnSet, ColumnSet]): Column {
  const left = columnIn(context, sides[0], name, 'left')
  const right = columnIn(context, sides[1], name, 'right')
  const labelled = [left, right].every(
    ({ exact, sources }) => exact && sources.every(({ labels }) => labels.length > 0),
  )
  const use = (): void => {
    for (const side of [left, right]) recordUse(context, side, 'joined')
  }
  if (labelled) context.record.plainly(use)
  else use()
  if (join.jointype === 'JOIN_FULL') return named(name, derived(union(left.sources, right.sources), left.type))
  return named(name, join.jointype === 'JOIN_RIGHT' ? right : left)
}

function columnIn(context: Context, columns: ColumnSet, name: string, side: 'left' | 'right'): Value {
  const column = columns.find(name)
  if (column !== undefined && column !== 'ambiguous') return column
  if (columns.open !== null) return derived(columns.open)
  joinColumnMissing(context, name, side)
  return constant
}

function rangeFunction(context: Context, fields: RangeFunction, scope: Scope): Item {
  // ROWS FROM (f(…), g(…)) puts the columns of several side by side. Each entry is a call and its column list.
  const parts = (fields.functions ?? []).map((entry) => functionColumns(context, entry, scope, fields))
  const single = parts.length === 1 && parts[0] !== undefined
  const ordinality = fields.ordinality === true ? [named('ordinality', constant)] : []
  const open = parts.some(({ open }) => open !== null) ? unionOf(parts.map((part) => derived(part.open ?? []))) : null
  const columns = new ListedColumns([...parts.flatMap((part) => part.all()), ...ordinality], open)
  return itemOf(columns, fields.alias, single ? (parts[0]?.name ?? null) : null)
}

function functionColumns(
  context: Context,
  entry: Node,
  scope: Scope,
  range: RangeFunction,
): ListedColumns & { name: string } {
  const [callNode, listNode] = 'List' in entry ? (entry.List.items ?? []) : [entry]
  const list = listNode !== undefined && 'List' in listNode ? listNode.List.items : undefined
  const definitions = range.coldeflist ?? list
  const apart = callNode === undefined ? null : unnested(context, callNode)
  if (apart !== null) {
    const columns = apart.flatMap((call) => functionColumns(context, call, scope, { ...range, alias: {} }).all())
    return Object.assign(new ListedColumns(columns), { name: 'unnest' })
  }
  if (callNode !== undefined && 'FuncCall' in callNode) {
    const { value, routines } = calledFunction(context, callNode.FuncCall, scope, 'projected')
    const name = stringsOf(callNode.FuncCall.funcname).at(-1) ?? ''
    const columns =
      definitions === undefined
        ? resultColumns(context, callNode.FuncCall, routines, value, range)
        : declared(context, definitions, value)
    return Object.assign(columns, { name })
  }
  // CURRENT_DATE and a few others have a syntax of their own.
  const value = expression(context, callNode, scope, 'projected')
  return Object.assign(new ListedColumns([named(range.alias?.aliasname ?? '', value)]), { name: '' })
}

/** In FROM, unnest of several arrays is as many calls side by side. */
function unnested(context: Context, node: Node): Node[] | null {
  if (!('FuncCall' in node)) return null
  const { funcname, args = [] } = node.FuncCall
  if (args.length < 2 || stringsOf(funcname).at(-1) !== 'unnest') return null
  context.seen.add(node.FuncCall)
  return args.map((arg) => ({ FuncCall: { ...node.FuncCall, args: [arg] } }))
}

/** `AS (a int, b text)`: only the call's writer knows what the columns are. */
function declared(context: Context, definitions: readonly Node[], value: Value): ListedColumns {
  const columns = definitions.flatMap((node) => {
    if (!('ColumnDef' in node)) return []
    const { colname = '', typeName } = node.ColumnDef
    const type = typeName === undefined ? 0 : useType(context, typeName).oid
    return [named(colname, derived(value.sources, type))]
  })
  return new ListedColumns(columns)
}

function resultColumns(
  context: Context,
  call: FuncCall,
  routines: readonly Routine[],
  value: Value,
  range: RangeFunction,
): ListedColumns {
  const own = stringsOf(call.funcname).at(-1) ?? ''
  const shapes = routines.map((routine) => shapeOf(context, routine))
  const [shape] = shapes
  const agreed = shape !== undefined && shapes.every((other) => sameShape(shape, other))
  if (agreed && shape === 'scalar') return new ListedColumns([named(range.alias?.aliasname ?? own, value)])
  if (agreed && typeof shape !== 'string')
    return new ListedColumns(shape.map(({ name, type }) => named(name, derived(value.sources, type))))
  // One column by the alias' name, or those of a row whose type is not known here.
  return new ListedColumns([named(range.alias?.aliasname ?? own, value)], value.sources)
}

type Shape = 'scalar' | 'unknown' | readonly { readonly name: string; readonly type: number }[]

function sameShape(a: Shape, b: Shape): boolean {
  return JSON.stringify(a) === JSON.stringify(b)
}

/** What a function's result looks like as a table. */
function shapeOf(context: Context, routine: Routine): Shape {
  if (routine.outputs.length > 1)
    return routine.outputs.map((output, index) => ({ ...output, name: output.name || `column${index + 1}` }))
  if (routine.outputs.length === 1) return routine.outputs[0]?.name ? [routine.outputs[0]] : 'scalar'
  const relation = context.snapshot.relationByRowType(context.snapshot.baseType(routine.returnType))
  if (relation !== undefined) return relation.attributes.map(({ name, type }) => ({ name, type }))
  // The row type of a temporary table is not in our copy of the catalog.
  const kind = context.snapshot.typeByOid(routine.returnType)?.kind ?? 'pseudo'
  return kind === 'pseudo' && routine.returnType !== VOID ? 'unknown' : 'scalar'
}

const VOID = 2278

function xmlTable(context: Context, fields: RangeTableFunc, scope: Scope): Item {
  const fed = [
    expression(context, fields.docexpr, scope, 'projected'),
    expression(context, fields.rowexpr, scope, 'projected'),
    ...expressions(context, fields.namespaces, scope, 'projected'),
  ]
  decideRows(context, fed)
  const columns = (fields.columns ?? []).flatMap((node) => {
    if (!('RangeTableFuncCol' in node)) return []
    const { colname = '', typeName, colexpr, coldefexpr } = node.RangeTableFuncCol
    const own = expressions(
      context,
      [colexpr, coldefexpr].filter((it) => it !== undefined),
      scope,
      'projected',
    )
    const type = typeName === undefined ? 0 : useType(context, typeName).oid
    return [named(colname, derived(unionOf([...fed, ...own]), type))]
  })
  return itemOf(new ListedColumns(columns), fields.alias, 'xmltable')
}

function jsonTable(context: Context, fields: JsonTable, scope: Scope): Item {
  const { alias, columns, ...rest } = fields
  const fed = expression(context, { JsonTable: { ...rest } } as Node, scope, 'projected')
  decideRows(context, [fed])
  const all = jsonColumns(context, columns, scope, fed.sources)
  return itemOf(new ListedColumns(all), alias, 'json_table')
}

function jsonColumns(
  context: Context,
  nodes: readonly Node[] | undefined,
  scope: Scope,
  fed: readonly Source[],
): Column[] {
  return (nodes ?? []).flatMap((node) => {
    if (!('JsonTableColumn' in node)) return []
    const { columns, name = '', ...rest }: JsonTableColumn = node.JsonTableColumn
    const own = expression(context, { JsonTableColumn: rest } as Node, scope, 'projected')
    const nested = jsonColumns(context, columns, scope, fed)
    return rest.coltype === 'JTC_NESTED' ? nested : [named(name, derived(union(fed, own.sources)))]
  })
}
