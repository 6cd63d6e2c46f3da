import type { Node, ViewStmt } from 'libpg-query'
import type { ViewAtCreation } from '../catalog/temporaries.ts'
import { attributeOf, labelsOf } from './carrying.ts'
import { type ColumnSet, renamed, rowSources } from './column-set.ts'
import { type Context, type NamedRelations, recordTemporary } from './context.ts'
import { isTemporary } from './into-clause.ts'
import { innerScope, type Scope } from './scope.ts'
import { statement } from './statement.ts'
import { stringsOf } from './tree.ts'

/** CREATE TEMP VIEW. What its names mean is settled now, whatever is made or dropped before it is read. */
export function temporaryView(context: Context, fields: ViewStmt, scope: Scope): void {
  const { view, query, aliases, replace = false } = fields
  if (view === undefined || query === undefined || !isTemporary(view)) return
  const named: NamedRelations = new Map()
  const { columns } = statement({ ...context, named }, query, innerScope(scope, []), 'projected')
  const created = atCreation(context, renamed(columns, stringsOf(aliases)), query, named)
  context.record.carries.created = { ...created, replaces: replace }
  recordTemporary(context, view.relname ?? '', ['create'], labelsOf(rowSources(columns)))
}

function atCreation(
  { names, record }: Context,
  columns: ColumnSet,
  query: Node,
  named: NamedRelations,
): Omit<ViewAtCreation, 'replaces'> {
  const attributes = columns.all().map(attributeOf)
  const isKnown = names.searchPath !== null && columns.open === null && !record.hasGaps
  const isFollowed = isKnown && [...named.values()].every(({ found }) => found === 'relation')
  const searchPath = names.searchPath ?? ''
  return { query: isFollowed ? { select: qualified(query, named) as Node, searchPath } : null, attributes }
}

/** A copy in which what was looked up by its name alone has its schema; what is left are names within the query. */
function qualified(value: unknown, named: NamedRelations): unknown {
  if (Array.isArray(value)) return value.map((each) => qualified(each, named))
  if (typeof value !== 'object' || value === null) return value
  const copy = Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, qualified(inner, named)]))
  const meant = named.get(value)
  if (meant?.found !== 'relation') return copy
  const { schema, name } = meant.relation
  if ('names' in value) return { ...copy, names: [schema, name].map((sval) => ({ String: { sval } })) }
  return { ...copy, schemaname: schema }
}
