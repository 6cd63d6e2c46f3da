import type { Relation, Routine } from '../catalog/definitions.ts'
import { builtinEffect } from './builtin-effects.ts'
import { type Context, enter, qualifiedNames, recordRelation } from './context.ts'
import { checkDomains } from './domain-checks.ts'
import { expression } from './expression.ts'
import { advisoryLock } from './locks.ts'
import type { QualifiedName } from './names.ts'
import { parseExpression } from './parse-expression.ts'
import { isReviewed } from './reviewed-extensions.ts'
import { routineBody } from './routine-body.ts'
import { emptyScope } from './scope.ts'
import { probeByCall } from './steady.ts'
import { derived, union, unionOf, type Value } from './value.ts'

/**
 * Every function that a call can mean: same name, visible, right number of arguments, and no argument whose type rules
 * it out. The server picks one by its rules of type conversion; where those would be needed all of them are kept, and
 * the statement is judged by the worst.
 */
export function candidates(context: Context, name: QualifiedName, values: readonly Value[]): readonly Routine[] {
  const visible = visibleRoutines(context, name).filter((routine) => takes(routine, values.length))
  if (visible.length < 2 || visible.every((routine) => routine.builtin)) return visible
  const exact = values.every((value) => value.type !== 0)
    ? visible.find((routine) => routine.argumentTypes.every((type, index) => type === values[index]?.type))
    : undefined
  if (exact !== undefined && exact.argumentTypes.length === values.length) return [exact]
  return visible.filter((routine) =>
    values.every((value, index) => mayBecome(context, value.type, routine.argumentTypes[index] ?? 0)),
  )
}

/** In the order of the search path, which is the order of preference among equals. */
function visibleRoutines(context: Context, { schema, name }: QualifiedName): readonly Routine[] {
  const all = context.snapshot.routines(name)
  if (schema !== null) return all.filter((routine) => routine.schema === schema)
  const path = context.path ?? ['pg_catalog']
  if (path[1] === 'pg_catalog' && all.every((routine) => routine.schema === 'pg_catalog')) return all
  return path.flatMap((searched) =>
    searched === 'pg_temp' ? [] : all.filter((routine) => routine.schema === searched),
  )
}

function takes(routine: Routine, count: number): boolean {
  // CALL gives something for OUT arguments, too.
  const extra = routine.kind === 'procedure' ? routine.outputs.length : 0
  const most = routine.argumentTypes.length + extra
  if (routine.variadic) return count >= most - 1 - routine.defaults
  return count <= most && count >= most - extra - routine.defaults
}

const FIRST_NORMAL_OID = 16_384
const UNKNOWN_TYPE = 705

/** False only where no conversion can exist: between a built-in type and one of another's making without a cast. */
export function mayBecome(context: Context, from: number, to: number): boolean {
  if (from === 0 || to === 0 || from === to || from === UNKNOWN_TYPE) return true
  if (from >= FIRST_NORMAL_OID === to >= FIRST_NORMAL_OID) return true
  const ours = context.snapshot.typeByOid(Math.max(from, to))
  if (ours === undefined || ours.kind === 'domain') return true
  if (context.snapshot.typeByOid(to)?.kind === 'pseudo') return true
  return context.snapshot.definitions.casts.some(
    (cast) => cast.source === from && cast.target === to && cast.context === 'implicit',
  )
}

/**
 * Records what calling a function does, and returns what its result is fed by.
 * @param row the relation that it is a trigger of
 */
export function callRoutine(
  context: Context,
  routine: Routine,
  values: readonly Value[],
  row: Relation | null = null,
): Value {
  const { schema, name, volatility, builtin } = routine
  if (routine.kind !== 'aggregate' || builtin) probeByCall(context, routine, values)
  if (builtin) {
    context.record.routine({ schema, name, volatility, known: true, builtin })
    recordBuiltin(context, routine, values.length)
    // These make rows of the type that they are given.
    if (/populate_record/.test(name)) for (const { type } of values) checkDomains(context, type)
    return derived(unionOf(values), routine.returnType)
  }
  const sources = union(unionOf(values), argumentDefaults(context, routine, values.length))
  context.record.definition(routine.oid, routine.hash)
  for (const type of [...routine.argumentTypes, routine.returnType]) checkDomains(context, type)
  if (isReviewed(routine) || routine.makesRange) {
    context.record.routine({ schema, name, volatility, known: true, builtin })
    return derived(sources, routine.returnType)
  }
  if (routine.kind === 'aggregate') return callAggregate(context, routine, values)
  const body = routineBody(context, routine, row)
  context.record.routine({ schema, name, volatility, known: body !== null, builtin })
  if (body === null) {
    recordOpaque(context, routine)
    return derived(sources, routine.returnType)
  }
  context.record.computed(body)
  return derived(union(sources, body), routine.returnType)
}

/** What a call leaves out is computed from the defaults, and those may call anything. */
function argumentDefaults(context: Context, routine: Routine, given: number): Value['sources'] {
  if (routine.defaultsSql === null || given >= routine.argumentTypes.length) return []
  const node = parseExpression(`ROW(${routine.defaultsSql})`)
  const inside = enter(context, `defaults ${routine.oid}`, qualifiedNames(context.session))
  if (node === null || inside === null) {
    context.record.effect('unknown')
    context.record.unresolved('opaque_body', `the defaults of ${routine.schema}.${routine.name}`)
    return []
  }
  const { sources } = expression(inside, node, emptyScope(), 'projected')
  context.record.absorb(inside.record, `${routine.schema}.${routine.name}`)
  return sources
}

function callAggregate(context: Context, routine: Routine, values: readonly Value[]): Value {
  const { schema, name, volatility } = routine
  context.record.routine({ schema, name, volatility, known: true, builtin: false })
  let sources = unionOf(values)
  for (const oid of routine.parts) {
    const part = context.snapshot.routineByOid(oid)
    if (part === undefined) context.record.unresolved('function', `${schema}.${name}`)
    else sources = union(sources, callRoutine(context, part, [derived(sources)]).sources)
  }
  return derived(sources, routine.returnType)
}

function recordOpaque(context: Context, routine: Routine): void {
  context.record.effect('unknown')
  context.record.unresolved('opaque_body', `${routine.schema}.${routine.name} (${routine.language})`)
  if (routine.extension === 'dblink') {
    context.record.effect('external')
    context.record.external({ kind: 'network', detail: routine.name })
  }
}

function recordBuiltin(context: Context, routine: Routine, argumentCount: number): void {
  const effect = builtinEffect(routine.name, routine.volatility === 'volatile', argumentCount)
  if (effect === null) return
  context.record.effect(effect.effect)
  const lock = advisoryLock(routine.name)
  if (lock !== null) context.record.lock(lock)
  if (effect.external !== undefined) context.record.external({ kind: effect.external, detail: routine.name })
  if (effect.effect === 'unknown') context.record.unresolved('function', `pg_catalog.${routine.name}`)
}

/** nextval('s') and its like write to the sequence that the text names. */
export function recordSequence(context: Context, text: string): void {
  const match = /^(?:"?([\w$]+)"?\.)?"?([\w$]+)"?$/.exec(text)
  if (match === null) return
  const schemas = match[1] === undefined ? (context.path ?? []) : [match[1]]
  for (const schema of schemas) {
    const relation = context.snapshot.relation(schema, match[2] ?? '')
    if (relation?.kind !== 'sequence') continue
    recordRelation(context, relation, ['update'])
    return
  }
}
