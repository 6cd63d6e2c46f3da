import type { JsonTable, JsonTableColumn, Node, RangeTableFunc } from 'libpg-query'
import type { Source } from '../catalog/snapshot.ts'
import { ListedColumns } from './column-set.ts'
import type { Context } from './context.ts'
import { expression, expressions } from './expression.ts'
import { itemOf } from './from-item.ts'
import { decideRows } from './function-call.ts'
import { useType } from './names.ts'
import type { Item, Scope } from './scope.ts'
import { type Column, derived, named, union, unionOf } from './value.ts'

export function xmlTable(context: Context, fields: RangeTableFunc, scope: Scope): Item {
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

export function jsonTable(context: Context, fields: JsonTable, scope: Scope): Item {
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
