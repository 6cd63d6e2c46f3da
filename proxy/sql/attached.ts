import type { CreateTrigStmt } from 'libpg-query'
import type { Attribute, Relation, Routine, Trigger } from '../catalog/definitions.ts'
import { ListedColumns } from './column-set.ts'
import { type Context, enter, qualifiedNames, recordRelation } from './context.ts'
import { checkDomains, hasDomainChecks } from './domain-checks.ts'
import { expression } from './expression.ts'
import { parse } from './parse.ts'
import { parseExpression } from './parse-expression.ts'
import type { Recorder } from './recorder.ts'
import { callRoutine } from './routines.ts'
import { qualified, rowScope } from './row-scope.ts'
import { applyRule } from './rules.ts'
import { emptyScope, innerScope, type Scope } from './scope.ts'
import { named, typed } from './value.ts'
import { workedOut } from './worked-out.ts'

export type Write = 'insert' | 'update' | 'delete' | 'truncate'

/** The bits of pg_trigger.tgtype: https://www.postgresql.org/docs/current/catalog-pg-trigger.html */
const triggerBits: Readonly<Record<Write, number>> = { insert: 4, delete: 8, update: 16, truncate: 32 }

/**
 * Records what the server runs by itself when a relation is written: triggers, rules, defaults, generated columns,
 * checks, index expressions and foreign keys that cascade; for partitions and children, theirs too.
 */
export function attachedWrites(context: Context, relation: Relation, write: Write): void {
  if (relation.system) return
  const key = `write ${write} ${relation.oid} ${context.names.role} ${context.names.searchPath}`
  const before = workedOut(context).get(key) as Recorder | null | undefined
  if (before === null) return
  const record = before ?? collect(context, relation, write)
  if (record === null && context.inside.length === 0) workedOut(context).set(key, null)
  if (record === null) return
  if (context.inside.length === 0) workedOut(context).set(key, record)
  context.record.absorb(record, `${relation.schema}.${relation.name}`)
}

function collect(context: Context, relation: Relation, write: Write): Recorder | null {
  const { snapshot } = context
  if (isPlain(context, relation)) return null
  const inside = enter(context, `${write} ${relation.oid}`, context.names)
  if (inside === null) return null
  for (const trigger of snapshot.triggersOf(relation.oid)) {
    if ((trigger.type & triggerBits[write]) !== 0) fire(inside, relation, trigger)
  }
  if (write !== 'truncate') {
    for (const { sql, name, on } of snapshot.expressionsOf(relation.oid))
      if (on === 'write') run(inside, ownRow(relation), sql, `${relation.schema}.${relation.name}: ${name}`)
    for (const rule of snapshot.rulesOf(relation.oid)) applyRule(inside, relation, rule.definition, write)
  }
  if (write === 'insert' || write === 'update') {
    for (const attribute of relation.attributes) fill(inside, relation, attribute, write)
  }
  for (const child of snapshot.childrenOf(relation.oid)) {
    const table = snapshot.relationByOid(child)
    if (table !== undefined) attachedWrites(inside, table, write)
  }
  cascade(inside, relation, write)
  return inside.record
}

function isPlain({ snapshot }: Context, { oid, attributes }: Relation): boolean {
  return (
    snapshot.triggersOf(oid).length === 0 &&
    snapshot.expressionsOf(oid).length === 0 &&
    snapshot.rulesOf(oid).length === 0 &&
    snapshot.cascadesFrom(oid).length === 0 &&
    snapshot.childrenOf(oid).length === 0 &&
    attributes.every(({ expression: sql, type }) => sql === null && !hasDomainChecks(snapshot, type))
  )
}

function fire(context: Context, relation: Relation, trigger: Trigger): void {
  const routine = context.snapshot.routineByOid(trigger.routine)
  if (routine === undefined) context.record.unresolved('function', `trigger ${trigger.name}`)
  else callRoutine(context, routine, [], relation)
  const parsed = trigger.definition === null ? null : parse(trigger.definition)
  if (parsed === null) return
  const node = 'reason' in parsed ? undefined : parsed[0]?.node
  if (node === undefined || !('CreateTrigStmt' in node) || readsOtherwise(node.CreateTrigStmt, routine))
    context.record.unresolved('opaque_body', trigger.name)
  else expression(qualified(context), node.CreateTrigStmt.whenClause, rowScope(context, relation), 'filtered')
}

/** Transition tables hide what has their name, and what is deferred runs with the names of its transaction's end. */
function readsOtherwise({ transitionRels = [], deferrable = false }: CreateTrigStmt, routine?: Routine): boolean {
  const isFixed = routine?.settings.some((setting) => setting.startsWith('search_path=')) ?? false
  return transitionRels.length > 0 || (deferrable && !isFixed)
}

/** `SET column = DEFAULT` runs the default in an UPDATE, too. */
export function defaultOf(context: Context, relation: Relation, column: string): void {
  const attribute = relation.attributes.find(({ name }) => name === column)
  if (attribute !== undefined) fill(context, relation, attribute, 'insert')
}

/** The row that a table checks, indexes and fills in by itself: what it makes of it is no use by whoever writes. */
function ownRow(relation: Relation): Scope {
  const columns = relation.attributes.map(({ name, type }) => named(name, typed(type)))
  return innerScope(emptyScope(), [
    { name: relation.name, relation, columns: new ListedColumns(columns), unqualified: true, qualified: true },
  ])
}

function run(context: Context, row: Scope, sql: string, name: string): void {
  // An index on several expressions is printed as a list of them.
  const node = parseExpression(`(${sql})`) ?? parseExpression(`ROW(${sql})`)
  if (node === null) {
    context.record.effect('unknown')
    context.record.unresolved('opaque_body', name)
  } else expression(qualified(context), node, row, 'filtered')
}

/** A default is computed where a row is made, a generated column and a domain's checks wherever one is written. */
function fill(context: Context, relation: Relation, attribute: Attribute, write: Write): void {
  if (attribute.expression !== null && (write === 'insert' || attribute.generated))
    run(context, ownRow(relation), attribute.expression, `${relation.schema}.${relation.name}: ${attribute.name}`)
  checkDomains(context, attribute.type)
}

/** What a table made LIKE this one, or as its child, takes over and runs at every write. */
export function attachedCopies(context: Context, relation: Relation, expressions: boolean): void {
  const inside = enter(context, `copies ${relation.oid}`, context.names)
  if (inside === null) return
  for (const { sql, name, on } of context.snapshot.expressionsOf(relation.oid))
    if (expressions && on === 'write')
      run(inside, ownRow(relation), sql, `${relation.schema}.${relation.name}: ${name}`)
  for (const attribute of relation.attributes)
    if (expressions) fill(inside, relation, attribute, 'insert')
    else checkDomains(inside, attribute.type)
  context.record.absorb(inside.record, `${relation.schema}.${relation.name}`)
}

function cascade(context: Context, relation: Relation, write: Write): void {
  for (const key of context.snapshot.cascadesFrom(relation.oid)) {
    const action = write === 'delete' ? key.onDelete : write === 'update' ? key.onUpdate : null
    const target = action === null ? undefined : context.snapshot.relationByOid(key.relation)
    if (action === null || target === undefined) continue
    context.record.effect('write')
    recordRelation(context, target, [action])
    attachedWrites(context, target, action)
  }
}

/** Records what row-level security asks of each row. */
export function attachedReads(context: Context, relation: Relation): void {
  const policies = context.snapshot.expressionsOf(relation.oid).filter(({ on }) => on === 'read')
  if (policies.length === 0) return
  const inside = enter(context, `policies ${relation.oid}`, qualifiedNames(context.names))
  if (inside === null) return
  for (const { sql, name } of policies)
    run(inside, rowScope(inside, relation), sql, `${relation.schema}.${relation.name}: ${name}`)
  context.record.absorb(inside.record, `${relation.schema}.${relation.name}`)
}
