import type { JoinExpr } from 'libpg-query'
import { recordUse } from './column-reference.ts'
import { type ColumnSet, JoinedColumns, ListedColumns } from './column-set.ts'
import type { Context } from './context.ts'
import { expression } from './expression.ts'
import { fromItem } from './from-clause.ts'
import { itemOf } from './from-item.ts'
import { joinColumnMissing } from './missing-names.ts'
import type { Item, Scope } from './scope.ts'
import { stringsOf } from './tree.ts'
import { type Column, constant, derived, named, union, type Value } from './value.ts'

/** One join: what both sides offer, what USING and NATURAL make one of, and the names that stay in reach. */
export function join(context: Context, fields: JoinExpr, scope: Scope): Item[] {
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
