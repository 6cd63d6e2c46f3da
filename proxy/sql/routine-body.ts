import type { Node } from 'libpg-query'
import type { Relation, Routine } from '../catalog/definitions.ts'
import type { Source } from '../catalog/snapshot.ts'
import { type Context, enter, type NameContext, qualifiedNames } from './context.ts'
import { definitionChanges } from './definition-change.ts'
import { parse } from './parse.ts'
import { plpgsqlBody } from './plpgsql/body.ts'
import { Recorder } from './recorder.ts'
import { emptyScope, type Parameters } from './scope.ts'
import { statement } from './statement.ts'
import { constant, unionOf, type Value } from './value.ts'
import { workedOut } from './worked-out.ts'

interface Body {
  readonly record: Recorder
  readonly sources: readonly Source[]
}

/**
 * Looks into a function written in SQL or PL/pgSQL and records what it does.
 * @param row the relation that it is a trigger of
 * @returns what feeds its result from inside; null when it cannot be looked into
 */
export function routineBody(context: Context, routine: Routine, row: Relation | null = null): readonly Source[] | null {
  const body = known(context, routine, row)
  if (body === null) return null
  context.record.absorb(body.record, `${routine.schema}.${routine.name}`)
  return body.sources
}

const inProgress: Body['sources'] = []

function known(context: Context, routine: Routine, row: Relation | null): Body | null {
  if (routine.body === null || !readsAsWeDo(routine)) return null
  const what = row === null ? `function ${routine.oid}` : `function ${routine.oid} on ${row.oid}`
  const names = namesInside(context.session, routine)
  const key = names.temporaryRelations.size === 0 ? `${what} ${names.role} ${names.searchPath}` : null
  const before = key === null ? undefined : (workedOut(context).get(key) as Body | undefined)
  if (before !== undefined) return before
  const inside = enter(context, what, names)
  // A function that calls itself does nothing by it that it does not do anyway.
  if (inside === null) return context.inside.includes(what) ? { record: new Recorder(), sources: inProgress } : null
  const body =
    routine.language === 'plpgsql'
      ? plpgsqlBody(inside, routine, parametersOf(routine).positions, row)
      : sqlBody(inside, routine)
  if (body === null) return null
  // Inside a recursion the result leaves out what the outer levels will add.
  if (key !== null && context.inside.length === 0) workedOut(context).set(key, body)
  return body
}

/** What follows it in the body may mean something else: since PostgreSQL 18 it is read when its turn comes. */
function redefines(context: Context, node: Node): boolean {
  if (!context.record.hasEffect('ddl') && !context.record.hasEffect('privilege')) return false
  return context.record.carries.created !== null || definitionChanges(context, node).length > 0
}

function sqlBody(inside: Context, routine: Routine): Body | null {
  const statements = bodyStatements(routine)
  if (statements === null) return null
  const scope = emptyScope(parametersOf(routine))
  const results = statements.map((node, index) => {
    const one = { ...inside, record: new Recorder() }
    const result = statement(one, node, scope, 'projected')
    inside.record.absorb(one.record, null)
    if (!redefines(one, node)) return result
    inside.record.carries.definesInside = true
    return index < statements.length - 1 ? null : result
  })
  if (results.includes(null)) return null
  return { record: inside.record, sources: unionOf((results.at(-1)?.columns.all() ?? []) as readonly Value[]) }
}

/** Settings of a function that change neither how its text is read nor as whom it runs. Any other makes it opaque. */
const INDIFFERENT =
  /^(search_path|(maintenance_)?work_mem|temp_buffers|(statement|lock)_timeout|(enable|geqo|jit)(_\w+)?|timezone|datestyle|intervalstyle|extra_float_digits|client_min_messages|plan_cache_mode|(from|join)_collapse_limit|(random|seq)_page_cost|max_parallel_\w+|synchronous_commit)=/i

function readsAsWeDo({ settings }: Routine): boolean {
  return settings.every((setting) => INDIFFERENT.test(setting))
}

function namesInside(names: NameContext, routine: Routine): NameContext {
  if (routine.atomic) return qualifiedNames(names)
  const setting = routine.settings.find((each) => each.startsWith('search_path='))
  if (setting === undefined) return names
  return { ...names, searchPath: setting.slice('search_path='.length), temporaryRelations: names.temporaryRelations }
}

function bodyStatements(routine: Routine): readonly Node[] | null {
  const text = routine.atomic ? `CREATE FUNCTION f() RETURNS void LANGUAGE sql ${routine.body}` : (routine.body ?? '')
  const parsed = parse(text)
  if ('reason' in parsed) return null
  if (!routine.atomic) return parsed.map(({ node }) => node)
  const created = parsed[0]?.node
  const body =
    created !== undefined && 'CreateFunctionStmt' in created ? created.CreateFunctionStmt.sql_body : undefined
  if (body === undefined) return null
  if (!('List' in body)) return [body]
  return (body.List.items ?? []).flatMap((item) => ('List' in item ? (item.List.items ?? []) : [item]))
}

/** Inside, parameters are constants; what the caller passes is added to the result by the caller. */
function parametersOf(routine: Routine): Parameters {
  const positions = routine.argumentTypes.map((type): Value => ({ ...constant, type }))
  const names = new Map<string, Value>()
  for (const [index, name] of routine.argumentNames.entries()) {
    if (name !== null) names.set(name, positions[index] ?? constant)
  }
  return { names, positions }
}

/** What one function defines, another that the statement calls may name, whichever runs first. */
export function checkDefinitionsInside(record: Recorder): void {
  if (!record.carries.definesInside) return
  const { functions } = record.factsFound({ kind: '', tag: '', fingerprint: '' }, null)
  if (functions.filter(({ builtin }) => !builtin).length < 2) return
  record.effect('unknown')
  record.unresolved('function', 'one that defines what another may name')
}
