import { queryGrammar } from './query-grammar.ts'
import { utilityGrammar } from './utility-grammar.ts'

/**
 * The node types that PostgreSQL 18's raw parser can produce, and what each of their fields holds. One line a type,
 * continued where indented: `field` a plain value, `field?` a node, `field*` a list of nodes, `field:Type` a node of
 * that type without its wrapper. `location` is everywhere and left out.
 *
 * What is not in this list is not known, and a statement that holds it is denied: a newer grammar must be read here
 * first. Node types and fields that only the analyser or planner fills in are left out on purpose.
 * Source: src/include/nodes/parsenodes.h and primnodes.h
 */
const texts = [queryGrammar, utilityGrammar]

/** How to read a field: 0 a value, 1 a node, 2 a list of nodes, a string: a node of that type, unwrapped. */
export type FieldKind = 0 | 1 | 2 | string

export type Fields = Readonly<Record<string, FieldKind | undefined>>

/** Without a prototype: a field named `constructor` (JsonObjectAgg has one) is only what the list says. */
export const grammar: Readonly<Record<string, Fields | undefined>> = read()

function read(): Record<string, Fields> {
  const types: Record<string, Fields> = Object.create(null)
  for (const line of texts.flatMap((text) => text.trim().replaceAll('\n  ', ' ').split('\n'))) {
    const [type = '', ...fields] = line.split(' ')
    const kinds: Record<string, FieldKind> = Object.assign(Object.create(null), { location: 0 })
    for (const field of fields) assign(kinds, field)
    types[type] = kinds
  }
  return types
}

function assign(kinds: Record<string, FieldKind>, field: string): void {
  const [name = '', type] = field.split(':')
  if (type !== undefined) kinds[name] = type
  else if (name.endsWith('?')) kinds[name.slice(0, -1)] = 1
  else if (name.endsWith('*')) kinds[name.slice(0, -1)] = 2
  else kinds[name] = 0
}
