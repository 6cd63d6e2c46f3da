import type { ColumnRef } from 'libpg-query'
import type { ColumnUse } from '../../policies/input.ts'
import type { Source } from '../catalog/snapshot.ts'
import { castFunctions } from './casts.ts'
import { rowSources } from './column-set.ts'
import type { Context } from './context.ts'
import { columnMissing } from './missing-names.ts'
import { callRoutine, candidates } from './routines.ts'
import type { Item, Scope } from './scope.ts'
import { stringsOf } from './tree.ts'
import { type Column, constant, derived, union, unionOf, type Value } from './value.ts'

const systemColumns = new Set(['tableoid', 'xmin', 'cmin', 'xmax', 'cmax', 'ctid'])

/** These uses decide which rows there are, and in what order, and so show in an answer that has nothing of the column. */
const deciding: ReadonlySet<ColumnUse> = new Set(['filtered', 'joined', 'sorted', 'grouped'])

/** Records how the columns behind a value are used, a view's own among them. */
export function recordUse(context: Context, value: Value | Column, use: ColumnUse): void {
  for (const source of value.sources) {
    context.record.column(source, use)
    if (deciding.has(use)) context.record.probed(source)
    else if (context.decides === true && use !== 'preset' && source.labels.length > 0) {
      context.record.column(source, 'filtered')
      context.record.probed(source)
    }
  }
  if ('self' in value && value.self !== null) context.record.column(value.self, use)
}

/** `column`, `table.column`, `schema.table.column`, a whole row by its table's name, or a parameter by its name. */
export function columnReference(context: Context, reference: ColumnRef, scope: Scope, use: ColumnUse): Value {
  const value = resolveReference(context, reference, scope)
  castFunctions(context, value.type, 'implicit')
  recordUse(context, value, use)
  return value
}

/** The same without recording a use. */
export function resolveReference(context: Context, reference: ColumnRef, scope: Scope): Value {
  context.seen.add(reference)
  const names = stringsOf(reference.fields)
  const star = (reference.fields?.length ?? 0) > names.length
  if (star) return wholeRow(findItem(scope, names))
  const value = names.length === 1 ? single(scope, names[0] ?? '') : dotted(context, scope, names)
  if (value !== null) return value
  columnMissing(context, names, scope, reference.location)
  return constant
}

function single(scope: Scope, name: string): Value | null {
  const column = findColumn(scope, name)
  const variable = parameter(scope, name)
  if (column !== null && variable !== null && scope.parameters?.either === true)
    return derived(unionOf([column, variable]), column.type)
  return column ?? variable ?? rowOrNull(findItem(scope, [name]))
}

function parameter(scope: Scope, name: string): Value | null {
  return scope.parameters?.names.get(name) ?? null
}

function dotted(context: Context, scope: Scope, names: readonly string[]): Value | null {
  const name = names.at(-1) ?? ''
  const item = findItem(scope, names.slice(0, -1))
  if (item === null) {
    // A function's parameter may be a row, or be called by the function's name.
    const [first = '', second = ''] = names
    return parameter(scope, first) ?? (scope.parameters === null ? null : parameter(scope, second))
  }
  const column = item.columns.find(name)
  if (column === 'ambiguous') return null
  if (column !== undefined) return column
  if (systemColumns.has(name) && item.relation !== null) return constant
  // `t.f` may also be a call of f with the whole row.
  const row = wholeRow(item)
  const routines = candidates(context, { schema: null, name }, [row])
  if (routines.length > 0) {
    const results = routines.map((routine) => callRoutine(context, routine, [row]))
    return derived(results.reduce<readonly Source[]>((all, result) => union(all, result.sources), []))
  }
  return item.columns.open === null ? null : derived(item.columns.open)
}

function rowOrNull(item: Item | null): Value | null {
  return item === null ? null : wholeRow(item)
}

export function wholeRow(item: Item | null): Value {
  if (item === null) return constant
  const row = item.columns.open === null ? item.columns.all() : null
  // A function's result with one column goes by its alias and is that column, not a row of it.
  return { sources: rowSources(item.columns), exact: false, type: item.relation?.rowType ?? 0, row }
}

/** From the innermost level out, as the server looks. */
function findColumn(scope: Scope, name: string): Value | null {
  let open: readonly Source[] | null = null
  for (let level: Scope | null = scope; level !== null; level = level.parent) {
    const found = atLevel(level, name)
    if (found === 'ambiguous') return null
    if (found !== null) return open === null ? found : derived(union(found.sources, open), found.type)
    for (const item of level.items) {
      if (!item.unqualified || item.columns.open === null) continue
      open = open === null ? item.columns.open : union(open, item.columns.open)
    }
  }
  return open === null ? null : derived(open)
}

function atLevel(level: Scope, name: string): Value | 'ambiguous' | null {
  let found: Column | null = null
  let hasRelation = false
  for (const item of level.items) {
    if (!item.unqualified) {
      if (item.qualified && item.relation !== null) hasRelation = true
      continue
    }
    hasRelation ||= item.relation !== null
    const column = item.columns.find(name)
    if (column === undefined) continue
    if (column === 'ambiguous' || found !== null) return 'ambiguous'
    found = column
  }
  if (found === null && hasRelation && systemColumns.has(name)) return constant
  return found
}

/** @param names `table`, `schema.table` or `database.schema.table` */
export function findItem(scope: Scope, names: readonly string[]): Item | null {
  const name = names.at(-1)
  const schema = names.at(-2)
  for (let level: Scope | null = scope; level !== null; level = level.parent) {
    for (const item of level.items) {
      if (!item.qualified) continue
      if (schema === undefined ? item.name === name : isRelation(item, schema, name)) return item
    }
  }
  return null
}

function isRelation(item: Item, schema: string, name: string | undefined): boolean {
  return item.relation !== null && item.name === name && item.relation.name === name && item.relation.schema === schema
}
