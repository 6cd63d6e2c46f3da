import type { FuncCall, Node, RangeFunction } from 'libpg-query'
import type { Routine } from '../catalog/definitions.ts'
import { ListedColumns } from './column-set.ts'
import type { Context } from './context.ts'
import { expression } from './expression.ts'
import { itemOf } from './from-item.ts'
import { calledFunction } from './function-call.ts'
import { useType } from './names.ts'
import type { Item, Scope } from './scope.ts'
import { stringsOf } from './tree.ts'
import { constant, derived, named, unionOf, type Value } from './value.ts'

/** A function in FROM, and what its result looks like as a table. */
export function rangeFunction(context: Context, fields: RangeFunction, scope: Scope): Item {
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
