import type { FuncCall, Node, TypeName } from 'libpg-query'
import { findItem } from './column-reference.ts'
import type { Context } from './context.ts'
import { lookUpRelation, type QualifiedName } from './names.ts'
import { type Missing, recordUnfound } from './native-error.ts'
import type { Item, Scope } from './scope.ts'
import { uncommittedOf } from './uncommitted-changes.ts'
import type { Value } from './value.ts'

/** How a relation that should exist was named. */
export interface NamedWhere {
  /** In FROM, and after INTO, UPDATE and their like: the server says where it stands. */
  readonly location?: number | undefined
  /** DROP says of what kind it should have been. */
  readonly noun?: string | undefined
}

export function relationMissing(context: Context, named: QualifiedName, { location, noun }: NamedWhere): void {
  if (named.schema === null && context.path === null) context.record.unresolved('search_path', named.name)
  else if (isHiddenByChanges(context, named)) context.record.unresolved('relation', dotted(named))
  else recordUnfound(context, 'relation', dotted(named), relationError(context, named, { location, noun }))
}

function relationError(context: Context, named: QualifiedName, { location, noun }: NamedWhere): Missing {
  // In FROM the server does not tell a missing schema from a missing relation.
  if (location === undefined && !hasSchema(context, named)) return schemaError(named)
  const message =
    noun === undefined ? `relation "${dotted(named)}" does not exist` : `${noun} "${named.name}" does not exist`
  return { sqlstate: '42P01', message, location }
}

export function typeMissing(context: Context, named: QualifiedName, { arrayBounds, location = -1 }: TypeName): void {
  if (named.schema === null && context.path === null) {
    context.record.unresolved('search_path', named.name)
    return
  }
  const array = (arrayBounds?.length ?? 0) > 0 ? '[]' : ''
  const message = `type "${dotted(named)}${array}" does not exist`
  const error: Missing = hasSchema(context, named) ? { sqlstate: '42704', message } : schemaError(named)
  recordUnfound(context, 'type', dotted(named), { ...error, location })
}

const NO_MATCH = 'No function matches the given name and argument types. You might need to add explicit type casts.'

export function functionMissing(
  context: Context,
  named: QualifiedName,
  call: FuncCall,
  values: readonly Value[],
): void {
  const types = values.map((value, index) => typeName(context, value, call.args?.[index])).join(', ')
  const error: Missing = hasSchema(context, named)
    ? {
        sqlstate: '42883',
        message: `function ${dotted(named)}(${types}) does not exist`,
        hint: NO_MATCH,
      }
    : schemaError(named)
  recordUnfound(context, 'function', dotted(named), { ...error, location: call.location })
}

/** @param names `column`, `table.column` or `schema.table.column` */
export function columnMissing(
  context: Context,
  names: readonly string[],
  scope: Scope,
  location: number | undefined,
): void {
  recordUnfound(context, 'column', names.join('.'), { ...columnError(context, names, scope), location })
}

function columnError(context: Context, names: readonly string[], scope: Scope): Missing {
  const name = names.at(-1) ?? ''
  const table = names.slice(0, -1)
  const item = table.length === 0 ? null : findItem(scope, table)
  if (table.length > 0 && item === null) return tableError(context, table, scope)
  if (isAmbiguous(item, name, scope)) return { sqlstate: '42702', message: `column reference "${name}" is ambiguous` }
  const written = table.length === 0 ? `"${name}"` : `${table.at(-1)}.${name}`
  return { sqlstate: '42703', message: `column ${written} does not exist` }
}

function isAmbiguous(item: Item | null, name: string, scope: Scope): boolean {
  if (item !== null) return item.columns.find(name) === 'ambiguous'
  for (let level: Scope | null = scope; level !== null; level = level.parent) {
    const found = level.items.filter((each) => each.unqualified).map((each) => each.columns.find(name))
    const some = found.filter((each) => each !== undefined)
    if (some.length > 0) return some.length > 1 || some[0] === 'ambiguous'
  }
  return false
}

/** `t.*` where no `t` is in scope. */
export function rowMissing(
  context: Context,
  table: readonly string[],
  scope: Scope,
  location: number | undefined,
): void {
  recordUnfound(context, 'column', `${table.join('.')}.*`, { ...tableError(context, table, scope), location })
}

/** The table is there but goes by an alias, or it is not there. */
function tableError(context: Context, names: readonly string[], scope: Scope): Missing {
  const name = names.at(-1) ?? ''
  const meant = lookUpRelation(context, { schema: names.at(-2) ?? null, name })
  const oid = meant.found === 'relation' ? meant.relation.oid : null
  for (let level: Scope | null = scope; oid !== null && level !== null; level = level.parent) {
    const alias = level.items.find((item) => item.qualified && item.relation?.oid === oid)
    if (alias === undefined) continue
    const message = `invalid reference to FROM-clause entry for table "${name}"`
    const hint = `Perhaps you meant to reference the table alias "${alias.name}".`
    return { sqlstate: '42P01', message, hint }
  }
  return { sqlstate: '42P01', message: `missing FROM-clause entry for table "${name}"` }
}

/** A column that is written: `INSERT INTO t (c)`, `SET c = …`, `COPY t (c)`. */
export function targetMissing(context: Context, name: string, item: Item, location: number | undefined): void {
  const relation = context.snapshot.relationByOid(item.relation?.oid ?? 0)
  const message = `column "${name}" of relation "${relation?.name ?? item.name}" does not exist`
  recordUnfound(context, 'column', name, { sqlstate: '42703', message, location })
}

export function joinColumnMissing(context: Context, name: string, side: 'left' | 'right'): void {
  const message = `column "${name}" specified in USING clause does not exist in ${side} table`
  recordUnfound(context, 'column', name, { sqlstate: '42703', message })
}

/** Nothing has that name, as far as the catalog and the session's own changes go: the server will find nothing either. */
export function isNowhere(context: Context, named: QualifiedName): boolean {
  return (named.schema !== null || context.path !== null) && !isHiddenByChanges(context, named)
}

/** The open transaction has made something of that name, or changed what had it: the server knows more than we do. */
function isHiddenByChanges(context: Context, named: QualifiedName): boolean {
  if (uncommittedOf(context.names.uncommitted).isHidden(named)) return true
  const before = { ...context, names: { ...context.names, uncommitted: [] } }
  return lookUpRelation(before, named).found !== 'nothing'
}

function hasSchema(context: Context, { schema }: QualifiedName): boolean {
  return schema === null || context.snapshot.hasSchema(schema)
}

function schemaError({ schema }: QualifiedName): Missing {
  return { sqlstate: '3F000', message: `schema "${schema}" does not exist` }
}

function dotted({ schema, name }: QualifiedName): string {
  return schema === null ? name : `${schema}.${name}`
}

/** As the server prints it; a constant's type is told by how it is written. */
function typeName(context: Context, { type }: Value, node: Node | undefined): string {
  const found = context.snapshot.typeByOid(type)
  if (found !== undefined) return sqlNames[found.name] ?? found.name
  if (node === undefined || !('A_Const' in node)) return 'unknown'
  const { ival, fval, boolval } = node.A_Const
  return ival !== undefined ? 'integer' : fval !== undefined ? 'numeric' : boolval !== undefined ? 'boolean' : 'unknown'
}

const sqlNames: Readonly<Record<string, string | undefined>> = {
  bool: 'boolean',
  bpchar: 'character',
  float4: 'real',
  float8: 'double precision',
  int2: 'smallint',
  int4: 'integer',
  int8: 'bigint',
  interval: 'interval',
  time: 'time without time zone',
  timestamp: 'timestamp without time zone',
  timestamptz: 'timestamp with time zone',
  timetz: 'time with time zone',
  varbit: 'bit varying',
  varchar: 'character varying',
}
