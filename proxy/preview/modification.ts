import type { Node } from 'libpg-query'
import { type Expr, parseFirst, type Statement } from 'pgsql-ast-parser'
import { onlyStatement } from './proven-expression.ts'

/** A table as the server found it. */
export interface NamedTable {
  readonly schema: string
  readonly name: string
}

/** An expression as both parsers read it: one to print it, the other to prove what was printed. */
export interface ReadExpression {
  readonly readable: Expr
  readonly original: Node
}

/** An UPDATE or DELETE of one table, without WITH, FROM, USING or ONLY. */
export interface Modification {
  readonly kind: 'update' | 'delete'
  readonly alias: string | null
  /** null: every row. */
  readonly where: ReadExpression | null
  /** Of an UPDATE; null where it sets something else than single columns to single values. */
  readonly sets: readonly { readonly column: string; readonly value: ReadExpression }[] | null
}

/** @returns null for every other statement, and for what the rewriting parser does not read */
export function readModification(text: string): Modification | null {
  const node = onlyStatement(text)
  const readable = node === null ? null : read(text)
  if (node === null || readable === null) return null
  if ('DeleteStmt' in node && readable.type === 'delete') {
    const { usingClause, withClause, relation, whereClause } = node.DeleteStmt
    if (usingClause !== undefined || withClause !== undefined) return null
    return modification('delete', { relation, whereClause, readable, sets: null })
  }
  if ('UpdateStmt' in node && readable.type === 'update' && readable.from === undefined) {
    const { fromClause, withClause, relation, whereClause, targetList } = node.UpdateStmt
    if (fromClause !== undefined || withClause !== undefined) return null
    return modification('update', { relation, whereClause, readable, sets: setsOf(targetList ?? [], readable.sets) })
  }
  return null
}

function read(text: string): Statement | null {
  try {
    return parseFirst(text)
  } catch {
    return null
  }
}

interface Parts {
  readonly relation: { readonly inh?: boolean; readonly alias?: { readonly aliasname?: string } } | undefined
  readonly whereClause: Node | undefined
  readonly readable: { readonly where?: Expr | null | undefined }
  readonly sets: Modification['sets']
}

function modification(
  kind: Modification['kind'],
  { relation, whereClause, readable, sets }: Parts,
): Modification | null {
  // ONLY leaves the children of a relation out; a query over all of it would not.
  if (relation?.inh !== true || (whereClause === undefined) !== !readable.where) return null
  const where = whereClause !== undefined && readable.where ? { readable: readable.where, original: whereClause } : null
  return { kind, alias: relation.alias?.aliasname ?? null, where, sets }
}

function setsOf(
  targets: readonly Node[],
  readable: readonly { readonly column: { readonly name: string }; readonly value: Expr }[],
): Modification['sets'] {
  if (targets.length !== readable.length) return null
  const sets = targets.map((target, index) => {
    const set = readable[index]
    if (!('ResTarget' in target) || set === undefined) return null
    const { name, val, indirection } = target.ResTarget
    const plain = name === set.column.name && indirection === undefined && val !== undefined
    return !plain || 'SetToDefault' in val || 'MultiAssignRef' in val
      ? null
      : { column: name, value: { readable: set.value, original: val } }
  })
  return sets.every((set) => set !== null) ? sets : null
}
