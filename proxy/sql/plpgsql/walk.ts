import type { Node } from 'libpg-query'
import type { ColumnUse } from '../../../policies/input.ts'
import type { Source } from '../../catalog/snapshot.ts'
import { written } from '../assignments.ts'
import { type ColumnSet, ListedColumns, rowSources } from '../column-set.ts'
import type { Context } from '../context.ts'
import { expression } from '../expression.ts'
import { parse } from '../parse.ts'
import { emptyScope, type Parameters, type Scope } from '../scope.ts'
import { statement } from '../statement.ts'
import { inventory, type NodeFields } from '../tree.ts'
import { derived, noSources, union } from '../value.ts'
import { BodyNames, type Defining } from './body-names.ts'
import { constantText } from './constant-text.ts'
import { checkFollowed } from './followed.ts'
import { Opaque } from './opaque.ts'
import { expressionAlone, splitAssignment } from './text.ts'
import type { PlNode } from './tree.ts'
import type { Place, Variables } from './variables.ts'

export interface BodyState {
  readonly variables: Variables
  readonly positions: Parameters['positions']
  /** What was read in the last pass: an error's text may quote any of it. */
  readonly quotable: readonly Source[]
  readonly isTrigger: boolean
  readonly defining: Defining
}

/** One pass over a body. What its conditions ask is in what it returns, too. */
export class Walk {
  readonly names: BodyNames
  readonly #body: BodyState
  readonly #variables: Variables
  readonly #visited = new Set<NodeFields>()
  #results: readonly Source[] = noSources

  constructor(context: Context, body: BodyState) {
    this.names = new BodyNames(context, body.defining)
    this.#body = body
    this.#variables = body.variables
  }

  get results(): readonly Source[] {
    return this.#results
  }

  /** The expressions that were looked at. */
  get visited(): ReadonlySet<NodeFields> {
    return this.#visited
  }

  declaration(datum: PlNode): void {
    const [fields] = Object.values(datum)
    if (fields?.default_val !== undefined)
      this.#variables.putValue(this.#variables.place(datum), this.#value(fields.default_val))
    if (fields?.cursor_explicit_expr !== undefined)
      this.#variables.putValue(this.#variables.place(datum), rowSources(this.query(fields.cursor_explicit_expr)))
  }

  /** IF, WHILE, EXIT WHEN: what is asked shows in whatever happens then. */
  condition(expression: unknown): void {
    if (expression !== undefined) this.returns(this.#value(expression, 'filtered'))
  }

  returns(sources: readonly Source[]): void {
    this.#results = union(this.#results, sources)
  }

  value(expression: unknown): readonly Source[] {
    return expression === undefined ? noSources : this.#value(expression)
  }

  query(expression: unknown): ColumnSet {
    return this.#statement(this.#parse(String(this.#fieldsOf(expression).query)), 'projected')
  }

  /** EXECUTE: the text has to be a constant, and sees none of the body's variables. */
  executed(text: unknown, parameters: readonly unknown[]): ColumnSet {
    const made = this.#parse(`SELECT ${String(this.#fieldsOf(text).query)}`)
    const sql = this.#body.defining.defines
      ? constantText(this.names.context, expressionAlone(made) ?? undefined)
      : null
    const parsed = sql === null ? null : parse(sql)
    if (parsed === null) throw new Opaque('EXECUTE of a text that is not constant')
    if ('reason' in parsed) throw new Opaque('EXECUTE of what cannot be read')
    const positions = parameters.map((parameter) => derived(this.value(parameter)))
    let columns: ColumnSet = new ListedColumns([])
    for (const { node } of parsed) {
      checkFollowed(node, true)
      columns = this.#statement(node, 'projected', emptyScope({ names: new Map(), positions }))
    }
    return columns
  }

  put(target: unknown, columns: ColumnSet): void {
    const place = this.#variables.place(target)
    this.#writes(place)
    this.#variables.put(place, columns)
  }

  putValue(target: unknown, sources: readonly Source[]): void {
    const place = this.#variables.place(target)
    this.#writes(place)
    this.#variables.putValue(place, sources)
  }

  putEverywhere(sources: readonly Source[]): void {
    this.writesRow()
    this.#variables.putEverywhere(sources)
  }

  variable(number: unknown): readonly Source[] {
    return this.#variables.sourcesOf(this.#variables.place(number))
  }

  /** @param number of a variable. A trigger may give back another row than the one it was given, and that is written. */
  givesBack(number: unknown): void {
    const place = this.#variables.place(number)
    if (place.kind !== 'record' || (place.name !== 'new' && place.name !== 'old')) this.writesRow()
    this.returns(this.#variables.sourcesOf(place))
  }

  /** In a trigger: any column of its row. */
  writesRow(): void {
    if (this.#body.isTrigger) this.#writes({ kind: 'record', name: 'new' })
  }

  /** An exception was caught. */
  caught(): void {
    this.#variables.putValue({ kind: 'scalar', name: 'sqlerrm' }, this.#body.quotable)
  }

  assign(target: unknown, expression: unknown): void {
    const fields = this.#fieldsOf(expression)
    const halves = splitAssignment(String(fields.query))
    if (halves === null) throw new Opaque()
    if (halves.left.includes('[')) this.#valueOf(halves.left, 'projected')
    this.putValue(target, this.#valueOf(halves.right, 'projected'))
  }

  get quotable(): readonly Source[] {
    return this.#body.quotable
  }

  #value(expression: unknown, use: ColumnUse = 'projected'): readonly Source[] {
    return this.#valueOf(String(this.#fieldsOf(expression).query), use)
  }

  /** An expression may go on as a query does: `n := count(*) FROM orders`. */
  #valueOf(text: string, use: ColumnUse): readonly Source[] {
    const node = this.#parse(`SELECT ${text}`)
    const alone = expressionAlone(node)
    if (alone === null) return rowSources(this.#statement(node, use))
    return this.#whole(alone, (context) => expression(context, alone, this.#scope(), use).sources)
  }

  #statement(node: Node, use: ColumnUse, scope = this.#scope()): ColumnSet {
    return this.#whole(node, (context) => statement(context, node, scope, use).columns)
  }

  #fieldsOf(expression: unknown): NodeFields {
    const fields = (expression as PlNode | undefined)?.PLpgSQL_expr
    if (fields === undefined) throw new Opaque()
    this.#visited.add(fields)
    return fields
  }

  #parse(text: string): Node {
    const parsed = parse(text)
    const node = 'reason' in parsed || parsed.length !== 1 ? undefined : parsed[0]?.node
    if (node === undefined) throw new Opaque('what is not one statement')
    checkFollowed(node, this.#body.defining.defines)
    return node
  }

  /** Not a branch of it may be passed over. */
  #whole<T>(node: Node, work: (context: Context) => T): T {
    const { unknown, significant } = inventory(node)
    if (unknown !== null) throw new Opaque()
    const result = this.names.along(node, work)
    if (significant.some((each) => !this.names.context.seen.has(each))) throw new Opaque()
    return result
  }

  #scope(): Scope {
    return this.#variables.scope(this.#body.positions)
  }

  /** In a trigger `new` is the row that will be written. */
  #writes(place: Place): void {
    if (!this.#body.isTrigger) return
    if (place.kind === 'row') for (const each of place.places) this.#writes(each)
    const record = place.kind === 'record' ? place.name : place.kind === 'field' ? place.record : null
    if (record !== 'new') return
    const columns = this.#variables.columnsOf(record)
    for (const column of columns.all())
      if (place.kind === 'record' || column.name === (place as { name: string }).name)
        written(this.names.context, column)
  }
}
