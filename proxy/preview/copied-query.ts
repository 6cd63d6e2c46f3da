import { canonical, onlyStatement } from './proven-expression.ts'

/** As many closing parentheses are tried; what follows the query is a handful of options. */
const ENDS_MAX = 20

/**
 * The query of `COPY (query) TO …`, cut out of its text where the server's grammar finds it.
 * @returns null for every other statement
 */
export function copiedQuery(text: string): string | null {
  const node = onlyStatement(text)
  const start = /^[^(]*\(/.exec(text)?.[0].length ?? 0
  if (node === null || !('CopyStmt' in node) || node.CopyStmt.query === undefined) return null
  const wanted = canonical(node.CopyStmt.query)
  let end = text.length
  for (let tried = 0; tried < ENDS_MAX; tried++) {
    end = text.lastIndexOf(')', end - 1)
    if (end <= start) return null
    const query = text.slice(start, end)
    const read = onlyStatement(query)
    if (read !== null && canonical(read) === wanted) return query
  }
  return null
}
