import type { CommonTableExpr, Node, SelectStmt, WithClause } from 'libpg-query'
import { type ColumnSet, ListedColumns, renamed, rowSources } from './column-set.ts'
import { type Context, spend } from './context.ts'
import { expression } from './expression.ts'
import { isDataModifying, modify } from './modify.ts'
import { type CommonTable, innerScope, type Scope } from './scope.ts'
import { type Result, select } from './select.ts'
import { merge } from './set-operation.ts'
import { stringsOf } from './tree.ts'
import { type Column, constant, derived, named } from './value.ts'

/**
 * The common tables of one WITH, each seeing those before it, or with RECURSIVE all of them.
 * https://www.postgresql.org/docs/current/queries-with.html
 */
export function commonTables(
  context: Context,
  clause: WithClause | undefined,
  outer: Scope,
): ReadonlyMap<string, CommonTable> | null {
  if (clause === undefined) return null
  const tables = new Map<string, CommonTable>()
  const scope = innerScope(outer, [], tables)
  const all: LazyCommonTable[] = []
  for (const node of clause.ctes ?? []) {
    if (!('CommonTableExpr' in node)) continue
    const table = new LazyCommonTable(context, node.CommonTableExpr, scope, clause.recursive === true)
    all.push(table)
    if (clause.recursive === true) tables.set(node.CommonTableExpr.ctename ?? '', table)
    else {
      table.columns()
      tables.set(node.CommonTableExpr.ctename ?? '', table)
    }
  }
  for (const table of all) table.columns()
  return tables
}

/**
 * Walked when first named. A recursive one that names itself meanwhile is given what its first arm returns; if the
 * second arm moves sources between columns, every column is taken to be fed by all of them.
 */
class LazyCommonTable implements CommonTable {
  readonly #context: Context
  readonly #expression: CommonTableExpr
  readonly #scope: Scope
  readonly #recursive: boolean
  #state: 'new' | 'walking' | 'done' = 'new'
  #columns: ColumnSet = new ListedColumns([])
  #namesItself = false
  #unbounded = false

  constructor(context: Context, expression: CommonTableExpr, scope: Scope, recursive: boolean) {
    this.#context = context
    this.#expression = expression
    this.#scope = scope
    this.#recursive = recursive
  }

  get unbounded(): boolean {
    return this.#unbounded
  }

  columns(): ColumnSet {
    if (this.#state === 'new') this.#walk()
    else if (this.#state === 'walking') this.#namesItself = true
    return this.#columns
  }

  #walk(): void {
    this.#state = 'walking'
    const query = this.#expression.ctequery
    if (this.#recursive && query !== undefined && 'SelectStmt' in query) this.#walkRecursive(query.SelectStmt)
    else this.#columns = this.#known(this.#handedOn(commonQuery(this.#context, query, this.#scope)))
    const { cycle_clause: cycle } = this.#expression
    for (const mark of [cycle?.cycle_mark_value, cycle?.cycle_mark_default])
      expression(this.#context, mark, this.#scope, 'projected')
    this.#state = 'done'
  }

  #walkRecursive(query: SelectStmt): void {
    const { larg } = query
    if (larg !== undefined) {
      const inner = innerScope(this.#scope, [], commonTables(this.#context, query.withClause, this.#scope))
      this.#columns = this.#known(select(this.#context, larg, inner, 'derived').columns)
      this.#namesItself = false
    }
    const first = this.#known(this.#handedOn(select(this.#context, query, this.#scope, 'derived')))
    if (!this.#namesItself || sameSources(this.#columns, first)) {
      this.#columns = first
      return
    }
    const everything = rowSources(merge([this.#columns, first]))
    const blurred = first.all().map((column): Column => named(column.name, derived(everything, column.type)))
    this.#columns = new ListedColumns(blurred, first.open)
    spend(this.#context, blurred.length)
    select(this.#context, query, this.#scope, 'derived')
  }

  /** While it is walked, the columns it adds for SEARCH and CYCLE can be named by the recursive arm, too. */
  #known(columns: ColumnSet): ColumnSet {
    return withSearchAndCycle(this.#expression, this.#named(columns))
  }

  #handedOn({ columns, unbounded }: Result): ColumnSet {
    this.#unbounded = unbounded === true
    return columns
  }

  #named(columns: ColumnSet): ColumnSet {
    return renamed(columns, stringsOf(this.#expression.aliascolnames))
  }
}

function commonQuery(context: Context, query: Node | undefined, scope: Scope): Result {
  if (query !== undefined && 'SelectStmt' in query)
    return select(context, query.SelectStmt, innerScope(scope, []), 'derived')
  if (query !== undefined && isDataModifying(query)) {
    context.record.flag('data_modifying_cte')
    return modify(context, query, scope)
  }
  context.record.effect('unknown')
  context.record.unresolved('node', 'WITH query')
  return { columns: new ListedColumns([]) }
}

function sameSources(a: ColumnSet, b: ColumnSet): boolean {
  const [left, right] = [a.all(), b.all()]
  return (
    left.length === right.length && left.every((column, index) => sameSet(column.sources, right[index]?.sources ?? []))
  )
}

function sameSet<T>(a: readonly T[], b: readonly T[]): boolean {
  if (a.length !== b.length) return false
  const all = new Set(a)
  return b.every((each) => all.has(each))
}

/** SEARCH and CYCLE add columns that are made of the columns they follow. */
function withSearchAndCycle(expression: CommonTableExpr, columns: ColumnSet): ColumnSet {
  const { search_clause: search, cycle_clause: cycle } = expression
  if (search === undefined && cycle === undefined) return columns
  const all = derived(rowSources(columns))
  const added = [
    ...(search?.search_seq_column === undefined ? [] : [named(search.search_seq_column, all)]),
    ...(cycle?.cycle_mark_column === undefined ? [] : [named(cycle.cycle_mark_column, constant)]),
    ...(cycle?.cycle_path_column === undefined ? [] : [named(cycle.cycle_path_column, all)]),
  ]
  return new ListedColumns([...columns.all(), ...added], columns.open)
}
