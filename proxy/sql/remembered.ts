import type { ExecuteStmt, FetchStmt, Node } from 'libpg-query'
import type { Definition, Remembered } from '../gate.ts'
import { ListedColumns } from './column-set.ts'
import { type Context, enter } from './context.ts'
import { expressions } from './expression.ts'
import { type Missing, recordUnfound } from './native-error.ts'
import { type ParsedStatement, parse } from './parse.ts'
import { Recorder } from './recorder.ts'
import { emptyScope, innerScope, type Scope } from './scope.ts'
import type { Result } from './select.ts'
import { statement } from './statement.ts'
import type { TargetUse } from './target-list.ts'

const nothing: Result = { columns: new ListedColumns([]) }

/** PREPARE and DECLARE leave a query under a name, with what its names mean now. */
export function remember(context: Context, query: Node | undefined, scope: Scope): void {
  context.record.effect('session')
  if (query !== undefined) statement(context, query, innerScope(scope, []), 'projected')
  context.record.ledTo = context.record.definitions
}

export function execute(context: Context, { name = '', params }: ExecuteStmt, scope: Scope, use: TargetUse): Result {
  expressions(context, params, scope, 'filtered')
  return run(context, { code: 'prepared_statement', name, found: context.names.preparedStatement(name) }, use)
}

export function fetch(context: Context, { portalname = '', ismove }: FetchStmt, _scope: Scope, use: TargetUse): Result {
  const result = run(context, { code: 'cursor', name: portalname, found: context.names.cursor(portalname) }, use)
  return ismove === true ? nothing : result
}

/** The same relations and functions, each as it was. */
export function leadsAlike(now: readonly Definition[], then: readonly Definition[]): boolean {
  return leadsToTheSame(now, then) && now.every(({ hash }, at) => hash === then[at]?.hash)
}

/** The same relations and functions, by OID, whatever has become of them. Both are in the order of their OIDs. */
export function leadsToTheSame(now: readonly Definition[], then: readonly Definition[]): boolean {
  return now === then || (now.length === then.length && now.every(({ oid }, at) => oid === then[at]?.oid))
}

interface Named {
  readonly code: 'prepared_statement' | 'cursor'
  readonly name: string
  readonly found: Remembered | undefined
}

/** What an earlier statement left in the session under this name runs now. */
function run(context: Context, named: Named, use: TargetUse): Result {
  const { code, name, found } = named
  if (found === undefined) return unfound(context, named)
  const parsed = parse(found.text)
  const only = !('reason' in parsed) && parsed.length <= 1 ? parsed : null
  const inside = only === null ? null : enter(context, `${code} ${name}`, context.names)
  if (only === null || inside === null) {
    context.record.effect('unknown')
    context.record.unresolved(code, name)
    return nothing
  }
  const [first] = only
  if (first === undefined) return nothing
  if (!meansWhatItMeant(inside, first, named)) return unfound(context, named)
  return statement({ ...inside, record: context.record, seen: new Set() }, first.node, emptyScope(), use)
}

/**
 * The server looks again at what a prepared statement names where any of that has changed or was replaced, but not where
 * something else has come to stand before it under the same name. So it must lead to the same relations and functions; a
 * cursor runs what it was opened with, so they must also be what they were.
 * https://www.postgresql.org/docs/current/sql-prepare.html
 */
function meansWhatItMeant(inside: Context, { node }: ParsedStatement, { code, found }: Named): boolean {
  const record = new Recorder()
  statement({ ...inside, record, seen: new Set() }, node, emptyScope(), 'projected')
  const alike = code === 'cursor' ? leadsAlike : leadsToTheSame
  return alike(record.definitions, found?.ledTo ?? [])
}

function unfound(context: Context, { code, name }: Named): Result {
  context.record.effect('read')
  recordUnfound(context, code, name, absent(code, name))
  return nothing
}

function absent(code: Named['code'], name: string): Missing {
  if (code === 'cursor') return { sqlstate: '34000', message: `cursor "${name}" does not exist` }
  return { sqlstate: '26000', message: `prepared statement "${name}" does not exist` }
}
