import type { Node, SelectStmt } from 'libpg-query'
import { holdsNothingBack } from './always-true.ts'
import type { Context } from './context.ts'
import { grammar } from './grammar.ts'
import type { Item, Scope } from './scope.ts'
import { fieldsOf, type NodeFields, stringsOf, typeOf } from './tree.ts'

/** Marks a query, or a write that joins, whose FROM items are not all tied together by a condition. */
export function flagJoins(context: Context, statement: Joining, scope: Scope): void {
  if (context.record.hasFlag('cartesian_join')) return
  const leaves = scope.items.filter((item) => item.qualified && item.pseudo !== true && hasManyRows(item))
  if (leaves.length > 1 && joinsEverything(statement, scope, leaves)) context.record.flag('cartesian_join')
}

type Joining = Pick<SelectStmt, 'fromClause' | 'whereClause'>

function hasManyRows({ relation, unbounded }: Item): boolean {
  return relation !== null || unbounded === true
}

export function joinsEverything(statement: Joining, scope: Scope, leaves: readonly Item[]): boolean {
  const groups = new Groups(leaves)
  for (const condition of conditionsOf(statement)) groups.tie(itemsIn(condition, scope))
  for (const sides of usingSides(statement.fromClause ?? [])) {
    groups.tie(leaves.filter((leaf) => leaf.name !== null && sides.has(leaf.name)))
  }
  return !groups.isOne
}

/** Nothing limits how many rows come back, and they are rows of a relation, not a sum of them. */
export function isUnbounded(context: Context, statement: SelectStmt, scope: Scope): boolean {
  if (!isUnfiltered(statement.whereClause, scope) || isLimited(statement.limitCount)) return false
  if (!scope.items.some(({ relation, unbounded }) => unbounded === true || relation?.system === false)) return false
  return (
    statement.groupClause === undefined && !(statement.targetList ?? []).some((node) => hasAggregate(context, node))
  )
}

function isUnfiltered(condition: Node | undefined, scope: Scope): boolean {
  return condition === undefined || holdsNothingBack(condition, (node) => !namesSome(node, scope, ANY))
}

const ANY = (): boolean => true

/** LIMIT ALL and LIMIT NULL are none. */
function isLimited(count: Node | undefined): boolean {
  return count !== undefined && !('A_Const' in count && count.A_Const.isnull === true)
}

function hasAggregate(context: Context, node: Node): boolean {
  return someNode(node, (type, fields) => {
    if (type !== 'FuncCall' || fields.over !== undefined) return false
    const name = stringsOf(fields.funcname as Node[]).at(-1) ?? ''
    return context.snapshot.routines(name).some(({ kind }) => kind === 'aggregate')
  })
}

type Test = (type: string, fields: NodeFields) => boolean

/** Whether this holds of a node below, or of this one; what follows the first of them is not looked at. */
function someNode(root: Node, test: Test): boolean {
  const type = typeOf(root)
  return type !== undefined && someTyped(type, fieldsOf(root, type), test)
}

function someTyped(type: string, fields: NodeFields, test: Test): boolean {
  if (test(type, fields)) return true
  const known = grammar[type]
  for (const name in fields) {
    const kind = known?.[name]
    if (kind === 0 || kind === undefined) continue
    const value = fields[name]
    if (
      kind === 1
        ? someNode(value as Node, test)
        : kind === 2
          ? someOf(value as Node[], test)
          : someTyped(kind, value as NodeFields, test)
    )
      return true
  }
  return false
}

function someOf(nodes: readonly Node[], test: Test): boolean {
  for (const node of nodes) if (someNode(node, test)) return true
  return false
}

/** Which items are known to hang together. */
class Groups {
  readonly #groups = new Map<Item, Set<Item>>()

  constructor(items: readonly Item[]) {
    for (const item of items) this.#groups.set(item, new Set([item]))
  }

  tie(items: readonly Item[]): void {
    const joined = new Set<Item>()
    for (const item of items) for (const member of this.#groups.get(item) ?? []) joined.add(member)
    for (const member of joined) this.#groups.set(member, joined)
  }

  get isOne(): boolean {
    return new Set(this.#groups.values()).size < 2
  }
}

/** The parts of WHERE and ON that must all hold. */
function conditionsOf(statement: Joining): Node[] {
  const conditions: Node[] = []
  const split = (node: Node | undefined): void => {
    if (node === undefined) return
    if ('BoolExpr' in node && node.BoolExpr.boolop === 'AND_EXPR')
      for (const arg of node.BoolExpr.args ?? []) split(arg)
    else conditions.push(node)
  }
  const joins = (node: Node | undefined): void => {
    if (node === undefined || !('JoinExpr' in node)) return
    split(node.JoinExpr.quals)
    joins(node.JoinExpr.larg)
    joins(node.JoinExpr.rarg)
  }
  split(statement.whereClause)
  for (const node of statement.fromClause ?? []) joins(node)
  return conditions
}

/** For each join by USING or NATURAL, the names on both sides. */
function usingSides(nodes: readonly Node[]): Set<string>[] {
  const found: Set<string>[] = []
  const visit = (node: Node | undefined): string[] => {
    if (node === undefined) return []
    if (!('JoinExpr' in node)) return namesIn(node)
    const { larg, rarg, usingClause, isNatural, alias } = node.JoinExpr
    const names = [...visit(larg), ...visit(rarg)]
    if (usingClause !== undefined || isNatural === true) found.push(new Set(names))
    return alias?.aliasname === undefined ? names : [alias.aliasname]
  }
  for (const node of nodes) visit(node)
  return found
}

function namesIn(node: Node): string[] {
  if ('RangeVar' in node) return [node.RangeVar.alias?.aliasname ?? node.RangeVar.relname ?? '']
  if ('RangeSubselect' in node) return [node.RangeSubselect.alias?.aliasname ?? '']
  if ('RangeFunction' in node) return [node.RangeFunction.alias?.aliasname ?? '']
  return []
}

/** The items whose columns a condition names, subqueries included. */
export function itemsIn(condition: Node, scope: Scope): Item[] {
  const items = new Set<Item>()
  namesSome(condition, scope, (item) => {
    items.add(item)
    return false
  })
  return [...items]
}

/** Whether a condition names a column of an item of which this holds, subqueries included. */
export function namesSome(condition: Node, scope: Scope, test: (item: Item) => boolean): boolean {
  return someNode(condition, (type, fields) => {
    return type === 'ColumnRef' && isNamed(stringsOf(fields.fields as Node[]), scope, test)
  })
}

function isNamed(names: readonly string[], scope: Scope, test: (item: Item) => boolean): boolean {
  const items = scope.items.filter((item) => item.qualified)
  if (names.length > 1) return items.some((item) => item.name === names.at(-2) && test(item))
  const [name = ''] = names
  const owners = items.filter((item) => item.columns.find(name) !== undefined)
  return owners.length > 0 ? owners.some(test) : items.some((item) => item.name === name && test(item))
}
