import type { Node } from 'libpg-query'
import { parse } from './parse.ts'

/** Reads an expression as the catalog prints it. Its names are all qualified. @returns null when it cannot be read */
export function parseExpression(sql: string): Node | null {
  const parsed = parse(`SELECT ${sql}`)
  if ('reason' in parsed) return null
  const statement = parsed[0]?.node
  if (statement === undefined || !('SelectStmt' in statement)) return null
  const target = statement.SelectStmt.targetList?.[0]
  return target !== undefined && 'ResTarget' in target ? (target.ResTarget.val ?? null) : null
}
