import type { Node } from 'libpg-query'
import { grammar } from './grammar.ts'

/** The fields of a node of any type. */
export type NodeFields = Readonly<Record<string, unknown>>

/** The name of a wrapped node's type; undefined for a null in a list, which the parser writes as `{}`. */
export function typeOf(node: Node | undefined): string | undefined {
  for (const type in node) return type
  return undefined
}

export function fieldsOf(node: Node, type: string): NodeFields {
  return (node as unknown as Record<string, NodeFields>)[type] as NodeFields
}

/** The texts of a list of String nodes, such as a qualified name. */
export function stringsOf(list: readonly Node[] | undefined): string[] {
  if (list === undefined) return []
  // Names have one part or two, and there are several in every condition: an array that grows is made ten times as long.
  const [first, second] = list
  if (first !== undefined && 'String' in first) {
    if (list.length === 1) return [first.String.sval ?? '']
    if (list.length === 2 && second !== undefined && 'String' in second)
      return [first.String.sval ?? '', second.String.sval ?? '']
  }
  return list.flatMap((node) => ('String' in node ? [node.String.sval ?? ''] : []))
}

/** What must have been looked at when the analysis says that it is done. */
const significant = new Set(['ColumnRef', 'FuncCall', 'RangeVar', 'SubLink', 'A_Expr', 'TypeCast'])

export interface Inventory {
  /** What the grammar list does not know; the first of it. */
  readonly unknown: string | null
  readonly significant: readonly object[]
}

/**
 * Walks a whole tree by the grammar list alone, without recursion. It knows nothing of meaning; what it finds is held
 * against what the analysis visited, so that a branch which the analysis forgets is noticed and not passed over.
 */
export function inventory(root: Node): Inventory {
  const found: object[] = []
  const stack: unknown[] = []
  const pushNode = (node: unknown): string | null => {
    for (const type in node as object) {
      stack.push(type, (node as NodeFields)[type])
      return null
    }
    return null
  }
  pushNode(root)
  while (stack.length > 0) {
    const fields = stack.pop() as NodeFields
    const type = stack.pop() as string
    const known = grammar[type]
    if (known === undefined) return { unknown: type, significant: found }
    if (significant.has(type)) found.push(fields)
    for (const name in fields) {
      const kind = known[name]
      if (kind === 0) continue
      const value = fields[name]
      if (kind === 1) pushNode(value)
      else if (kind === 2) for (const node of value as readonly unknown[]) pushNode(node)
      else if (kind === undefined) return { unknown: `${type}.${name}`, significant: found }
      else stack.push(kind, value)
    }
  }
  return { unknown: null, significant: found }
}
