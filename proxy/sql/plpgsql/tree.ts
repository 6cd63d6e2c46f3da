import { parsePlPgSQLSync } from 'libpg-query'
import type { Routine } from '../../catalog/definitions.ts'
import type { NodeFields } from '../tree.ts'
import { coversText } from './coverage.ts'
import { rowTypesAsRecords } from './text.ts'

/** A node as libpg_query writes it: one key, which is the type, and its fields. */
export type PlNode = Readonly<Record<string, NodeFields>>

/** A compiled body: what PostgreSQL's own PL/pgSQL compiler makes of it, before any name is resolved. */
export interface PlFunction {
  /** Variables, by the numbers that statements call them by. */
  readonly datums: readonly PlNode[]
  readonly action: PlNode
  /** Tables whose row types are declared, as written. */
  readonly rowTypes: readonly string[]
  readonly expressions: ReadonlySet<NodeFields>
}

/** What has to be known of a function to read its body. */
type Header = Pick<
  Routine,
  'body' | 'kind' | 'argumentTypes' | 'argumentNames' | 'outputs' | 'returnType' | 'returnsSet'
>

/**
 * Reads a PL/pgSQL function with the server's own compiler (libpg_query).
 * @returns null when it cannot be read, or when not every word of it is found again in what was read
 */
export function readFunction(routine: Header): PlFunction | null {
  if (routine.body === null) return null
  const { text, rowTypes } = rowTypesAsRecords(routine.body)
  try {
    const read = parsePlPgSQLSync(`${header(routine)} LANGUAGE plpgsql AS ${quoted(text)}`) as unknown as {
      readonly plpgsql_funcs: readonly { readonly PLpgSQL_function: NodeFields }[]
    }
    const [only] = read.plpgsql_funcs
    if (only === undefined) return null
    const { datums, action } = only.PLpgSQL_function
    const made = { datums: datums as readonly PlNode[], action: action as PlNode, rowTypes }
    const numbered = made.datums.every((datum, index) => numberOf(datum) === undefined || numberOf(datum) === index)
    if (!numbered || !coversText(text, made)) return null
    return { ...made, expressions: expressionsIn([made.datums, made.action]) }
  } catch {
    return null
  }
}

/** By its position, unless it says so itself. */
function numberOf(datum: PlNode): unknown {
  return Object.values(datum)[0]?.dno
}

const TRIGGER = 2279
const EVENT_TRIGGER = 3838
const VOID = 2278

/** A DO, but for its body. */
export const INLINE: Omit<Header, 'body'> = {
  kind: 'function',
  argumentTypes: [],
  argumentNames: [],
  outputs: [],
  returnType: VOID,
  returnsSet: false,
}

/** Types are resolved by us, from the catalog; here they only have to be some. */
function header(routine: Header): string {
  const inputs = routine.argumentTypes.map((_, index) => `${quotedName(routine.argumentNames[index] ?? null)} text`)
  const both = new Set(routine.argumentNames)
  const outputs = routine.outputs.filter(({ name }) => name === '' || !both.has(name))
  const list = [...inputs, ...outputs.map(({ name }) => `OUT ${quotedName(name)} text`)].join(', ')
  if (routine.kind === 'procedure') return `CREATE PROCEDURE f(${list})`
  return `CREATE FUNCTION f(${list}) RETURNS ${returned(routine)}`
}

function returned({ returnType, returnsSet, outputs }: Header): string {
  if (returnType === TRIGGER) return 'trigger'
  if (returnType === EVENT_TRIGGER) return 'event_trigger'
  if (returnType === VOID && !returnsSet) return 'void'
  const set = returnsSet ? 'SETOF ' : ''
  return `${set}${outputs.length === 1 ? 'text' : outputs.length > 1 ? 'record' : 'text'}`
}

function quotedName(name: string | null): string {
  return name === null || name === '' ? '' : `"${name.replaceAll('"', '""')}"`
}

function quoted(text: string): string {
  let tag = '$body$'
  for (let n = 0; text.includes(tag); n++) tag = `$body${n}$`
  return `${tag}${text}${tag}`
}

function expressionsIn(value: unknown, found = new Set<NodeFields>()): Set<NodeFields> {
  if (Array.isArray(value)) for (const each of value) expressionsIn(each, found)
  else if (typeof value === 'object' && value !== null) {
    for (const [key, inner] of Object.entries(value)) {
      if (key === 'PLpgSQL_expr') found.add(inner as NodeFields)
      else expressionsIn(inner, found)
    }
  }
  return found
}
