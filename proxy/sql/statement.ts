import type {
  CallStmt,
  CreateTableAsStmt,
  DeclareCursorStmt,
  DoStmt,
  ExplainStmt,
  Node,
  PrepareStmt,
  VariableShowStmt,
} from 'libpg-query'
import { ListedColumns } from './column-set.ts'
import { type Context, enter } from './context.ts'
import { copy } from './copy.ts'
import { doBlock } from './do-block.ts'
import { expressions } from './expression.ts'
import { calledFunction } from './function-call.ts'
import { intoClause } from './into-clause.ts'
import { isDataModifying, modify } from './modify.ts'
import { useType } from './names.ts'
import { execute, fetch, remember } from './remembered.ts'
import { innerScope, type Scope } from './scope.ts'
import { type Result, select } from './select.ts'
import { setVariable } from './settings.ts'
import type { TargetUse } from './target-list.ts'
import { transaction } from './transaction.ts'
import { fieldsOf, stringsOf, typeOf } from './tree.ts'
import { utility } from './utility.ts'
import { constant, derived, named } from './value.ts'

const nothing: Result = { columns: new ListedColumns([]) }

type Walk = (context: Context, fields: never, scope: Scope, use: TargetUse) => Result

/** Walks any statement, wherever it stands. What is not known is unknown. @returns its output columns */
export function statement(context: Context, node: Node, scope: Scope, use: TargetUse): Result {
  if ('SelectStmt' in node) {
    context.record.effect('read')
    const result = select(context, node.SelectStmt, scope, use)
    if (result.unbounded === true) context.record.flag('unbounded_read')
    return result
  }
  if (isDataModifying(node)) return modify(context, node, scope)
  const type = typeOf(node)
  if (type === undefined) return nothing
  const walk = walks[type]
  if (walk !== undefined) return walk(context, fieldsOf(node, type) as never, scope, use)
  utility(context, type, fieldsOf(node, type), scope)
  return nothing
}

/** SHOW returns the server's own words. */
function show(context: Context, { name = '' }: VariableShowStmt): Result {
  context.record.effect('read')
  const names = name === 'all' ? ['name', 'setting', 'description'] : [name]
  return { columns: new ListedColumns(names.map((each) => named(each, constant))) }
}

const walks: Readonly<Record<string, Walk | undefined>> = Object.assign(Object.create(null), {
  ExplainStmt: explain,
  CopyStmt: (context: Context, fields: never, scope: Scope) => {
    copy(context, fields, scope)
    return nothing
  },
  CreateTableAsStmt: createTableAs,
  PrepareStmt: (context: Context, { query, argtypes }: PrepareStmt, scope: Scope) => {
    remember(context, query, scope)
    for (const node of argtypes ?? []) if ('TypeName' in node) useType(context, node.TypeName)
    return nothing
  },
  ExecuteStmt: execute,
  DeclareCursorStmt: (context: Context, { query }: DeclareCursorStmt, scope: Scope) => {
    remember(context, query, scope)
    return nothing
  },
  FetchStmt: fetch,
  VariableShowStmt: show,
  CallStmt: call,
  DoStmt: (context: Context, fields: DoStmt) => {
    doBlock(context, fields)
    return nothing
  },
  ReturnStmt: (context: Context, { returnval }: { returnval?: Node }, scope: Scope) => {
    const values = expressions(context, returnval === undefined ? [] : [returnval], scope, 'projected')
    return { columns: new ListedColumns(values.map((value) => named('return', value))) }
  },
  TransactionStmt: (context: Context, fields: never) => {
    transaction(context, fields)
    return nothing
  },
  VariableSetStmt: (context: Context, fields: never, scope: Scope) => {
    setVariable(context, fields, scope)
    return nothing
  },
  // What it names are constraints.
  ConstraintsSetStmt: (context: Context, { constraints }: { constraints?: Node[] }) => {
    context.record.effect('transaction')
    for (const node of constraints ?? []) if ('RangeVar' in node) context.seen.add(node.RangeVar)
    return nothing
  },
})

/** Planning runs no volatile function and writes nothing; ANALYZE does all that the statement does. */
function explain(context: Context, { query, options }: ExplainStmt, scope: Scope): Result {
  context.record.flag('explain')
  context.record.effect('read')
  const analyzes = (options ?? []).some(
    (option) => 'DefElem' in option && option.DefElem.defname === 'analyze' && !isOff(option.DefElem.arg),
  )
  if (query !== undefined && analyzes) {
    context.record.flag('explain_analyze')
    statement(context, query, scope, 'projected')
  } else if (query !== undefined) {
    const inside = enter(context, 'explain', context.names)
    if (inside === null) context.record.unresolved('node', 'EXPLAIN inside EXPLAIN')
    else {
      const seen = { ...inside, seen: context.seen }
      statement(seen, query, scope, 'projected')
      context.record.absorbPlanned(inside.record)
    }
  }
  // Planning calls functions that say they are immutable, and the plan shows what they gave.
  return { columns: new ListedColumns([named('QUERY PLAN', derived(context.record.computedFrom))]) }
}

/** Only what surely means no: what PostgreSQL would not take for a boolean does not run there either. */
function isOff(arg: Node | undefined): boolean {
  if (arg === undefined) return false
  if ('Integer' in arg) return (arg.Integer.ival ?? 0) === 0
  if ('Boolean' in arg) return arg.Boolean.boolval !== true
  return /^(off|false|f|n|no|0)$/i.test(stringsOf([arg])[0] ?? '')
}

function createTableAs(context: Context, fields: CreateTableAsStmt, scope: Scope): Result {
  const { query, into } = fields
  context.record.effect('ddl')
  const result = query === undefined ? nothing : statement(context, query, innerScope(scope, []), 'projected')
  if (into !== undefined) intoClause(context, into, result.columns)
  return nothing
}

function call(context: Context, { funccall }: CallStmt, scope: Scope): Result {
  // At least: what its body does comes on top.
  context.record.effect('read')
  if (funccall === undefined) return nothing
  const { value } = calledFunction(context, funccall, scope, 'projected')
  // A procedure's OUT arguments come back as one row; how many is for the server to say.
  return { columns: new ListedColumns([], value.sources) }
}
