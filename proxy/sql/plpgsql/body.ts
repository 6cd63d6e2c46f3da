import type { Node } from 'libpg-query'
import type { Relation, Routine } from '../../catalog/definitions.ts'
import type { Source } from '../../catalog/snapshot.ts'
import { castFunctions } from '../casts.ts'
import { type ColumnSet, relationColumns } from '../column-set.ts'
import { type Context, spend } from '../context.ts'
import type { DefinitionChange } from '../definition-change.ts'
import { checkDomains } from '../domain-checks.ts'
import { lookUpRelation, qualifiedName, useType } from '../names.ts'
import { parseExpression } from '../parse-expression.ts'
import { Recorder } from '../recorder.ts'
import type { Parameters } from '../scope.ts'
import { viewColumns } from '../view.ts'
import { Opaque } from './opaque.ts'
import { statements } from './statements.ts'
import { INLINE, type PlFunction, type PlNode, readFunction } from './tree.ts'
import { Variables } from './variables.ts'
import { Walk } from './walk.ts'

export interface PlBody {
  readonly record: Recorder
  /** What feeds its result from inside. */
  readonly sources: readonly Source[]
  /** What it defines. */
  readonly changes: readonly DefinitionChange[]
}

/** How a body is read. */
interface Reading {
  readonly positions: Parameters['positions']
  /** The relation that it is a trigger of. */
  readonly row: Relation | null
  /** It may define things. */
  readonly defines: boolean
}

/**
 * Looks into a function in PL/pgSQL: every statement in it counts, in whatever order and however often it would run.
 * https://www.postgresql.org/docs/current/plpgsql.html
 * @param row the relation that it is a trigger of
 * @returns null when it cannot be followed: dynamic SQL, cursors that it opens, definitions, transaction control
 */
export function plpgsqlBody(
  context: Context,
  routine: Routine,
  positions: Parameters['positions'],
  row: Relation | null,
): PlBody | null {
  const body = followed(context, tree(context, routine), { positions, row, defines: false })
  return body instanceof Opaque ? null : body
}

/** The same for the body of a DO, which has no arguments and gives nothing back, but may define things. */
export function inlineBody(context: Context, text: string): PlBody | Opaque {
  return followed(context, readFunction({ ...INLINE, body: text }), { positions: [], row: null, defines: true })
}

function followed(context: Context, read: PlFunction | null, reading: Reading): PlBody | Opaque {
  try {
    return read === null ? new Opaque('a body that cannot be read') : follow(context, read, reading)
  } catch (error) {
    if (error instanceof Opaque) return error
    throw error
  }
}

function tree({ snapshot }: Context, routine: Routine): PlFunction | null {
  const key = `plpgsql ${routine.oid}`
  let read = snapshot.memo.get(key) as PlFunction | null | undefined
  if (read === undefined) {
    read = readFunction(routine)
    snapshot.memo.set(key, read)
  }
  return read
}

/** What reading one expression once more costs, in nodes walked: a long chain of variables takes a round for each. */
const EXPRESSION_COST = 10
const ROUNDS_FREE = 3

/** Until nothing new comes into any variable. Each round adds something to one, so there is an end. */
function follow(context: Context, read: PlFunction, { positions, row, defines }: Reading): PlBody {
  const variables = new Variables(read.datums, rowsOf(context, row))
  let quotable: readonly Source[] = []
  let ahead: readonly DefinitionChange[] = []
  for (let rounds = 0; ; rounds++) {
    if (rounds >= ROUNDS_FREE) spend(context, EXPRESSION_COST * read.expressions.size)
    variables.changed = false
    const inside = { ...context, record: new Recorder(), seen: new Set<object>() }
    types(inside, read)
    const walk = new Walk(inside, {
      variables,
      positions,
      quotable,
      isTrigger: row !== null,
      defining: { defines, ahead },
    })
    for (const datum of read.datums) walk.declaration(datum)
    statements(walk, [read.action])
    const used = [...inside.record.columnsUsed]
    const isAhead = !walk.names.madeInLoop || includesAll(ahead, walk.names.made)
    if (!variables.changed && used.length === quotable.length && isAhead) {
      for (const expression of read.expressions) if (!walk.visited.has(expression)) throw new Opaque()
      // What follows a setting would be read differently.
      if (inside.record.hasEffect('session') || inside.record.hasEffect('transaction')) throw new Opaque('a setting')
      return { record: inside.record, sources: walk.results, changes: walk.names.made }
    }
    quotable = used
    if (!isAhead) ahead = [...ahead, ...walk.names.made]
  }
}

function includesAll(known: readonly DefinitionChange[], made: readonly DefinitionChange[]): boolean {
  const all = new Set(known.map((change) => JSON.stringify(change)))
  return made.every((change) => all.has(JSON.stringify(change)))
}

function rowsOf(context: Context, row: Relation | null): ReadonlyMap<string, ColumnSet> {
  if (row === null) return new Map()
  const columns = viewColumns(context, row) ?? relationColumns(context.snapshot, row)
  return new Map([
    ['new', columns],
    ['old', columns],
  ])
}

/** Giving a variable its value may run the checks of its type, and casts to it. */
function types(context: Context, { datums, rowTypes }: PlFunction): void {
  for (const name of rowTypes) rowType(context, name)
  for (const datum of datums) {
    const name = typeOf(datum)
    if (name === null || name === 'record') continue
    if (/%type$/i.test(name)) sameType(context, name.replace(/\s*%type$/i, ''))
    else {
      const cast = parseExpression(`NULL::${name}`)
      const typeName = cast !== null && 'TypeCast' in cast ? cast.TypeCast.typeName : undefined
      if (typeName === undefined) throw new Opaque()
      castFunctions(context, useType(context, typeName).oid, 'implicit')
    }
  }
}

function typeOf(datum: PlNode): string | null {
  const type = Object.values(datum)[0]?.datatype as PlNode | undefined
  return type === undefined ? null : String(type.PLpgSQL_type?.typname)
}

/** `table.column%TYPE`, or the type of another variable. */
function sameType(context: Context, text: string): void {
  const fields = namesIn(text)
  if (fields.length === 1) return
  for (const { type } of relationNamed(context, fields.slice(0, -1)).attributes) {
    checkDomains(context, type)
    castFunctions(context, type, 'implicit')
  }
}

function rowType(context: Context, text: string): void {
  for (const { type } of relationNamed(context, namesIn(text)).attributes) checkDomains(context, type)
}

function namesIn(text: string): readonly Node[] {
  const reference = parseExpression(text)
  if (reference === null || !('ColumnRef' in reference)) throw new Opaque()
  return reference.ColumnRef.fields ?? []
}

function relationNamed(context: Context, name: readonly Node[]): Relation {
  const named = lookUpRelation(context, qualifiedName(name))
  if (named.found !== 'relation') throw new Opaque()
  return named.relation
}
