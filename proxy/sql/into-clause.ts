import type { IntoClause } from 'libpg-query'
import { carriedAtCreation, labelsOf } from './carrying.ts'
import { type ColumnSet, renamed, rowSources } from './column-set.ts'
import { type Context, recordMissing, recordTemporary } from './context.ts'
import { checkDomains } from './domain-checks.ts'
import { nameOf } from './names.ts'
import { stringsOf } from './tree.ts'

/** SELECT INTO and CREATE TABLE AS: what the query returns is written to a new relation. */
export function intoClause(context: Context, { rel, colNames }: IntoClause, columns: ColumnSet): void {
  // The new relation's columns have these types, and of a temporary one little may be known later.
  for (const { type } of columns.all()) checkDomains(context, type)
  context.record.effect('write')
  context.record.effect('ddl')
  if (rel === undefined) return
  context.seen.add(rel)
  const { schema, name } = nameOf(rel)
  if (isTemporary(rel)) {
    context.record.carries.created = carriedAtCreation(renamed(columns, stringsOf(colNames)))
    recordTemporary(context, name, ['create', 'insert'], labelsOf(rowSources(columns)))
  } else recordMissing(context, { schema: schema ?? creationSchema(context), name }, ['create', 'insert'])
}

export function isTemporary({ relpersistence, schemaname }: { relpersistence?: string; schemaname?: string }): boolean {
  return relpersistence === 't' || schemaname === 'pg_temp'
}

/** Where an unqualified CREATE puts things: the first schema of the path. */
export function creationSchema(context: Context): string {
  return context.path?.find((schema) => schema !== 'pg_temp' && schema !== 'pg_catalog') ?? ''
}
