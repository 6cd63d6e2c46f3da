import { serialize } from 'pg-protocol'
import { backend } from '../wire/message-types.ts'
import { decodeTextRow } from '../wire/messages/data-row.ts'
import type { Footing } from './confirmations.ts'
import { CatalogError } from './errors.ts'
import { confirming } from './marks.ts'
import { isError, type QuestionConnection } from './question-connection.ts'
import type { CatalogSnapshot } from './snapshot.ts'

/** Beyond it what is asked about together stands or falls together. */
const QUESTIONS_MAX = 64
const NAME = 'confirm'

/** Looks at the catalog rows of definitions, on one connection. */
export class DefinitionsNow {
  readonly #connection: QuestionConnection
  #isPrepared = false

  constructor(connection: QuestionConnection) {
    this.#connection = connection
  }

  /**
   * Those of these whose catalog rows are those of the snapshot. Asked about together; where something has changed, by
   * halves, so that one changed view is nobody else's.
   * @throws CatalogError when the server does not answer
   */
  async unchanged(
    footings: readonly Footing[],
    snapshot: CatalogSnapshot,
    asking = { left: QUESTIONS_MAX },
  ): Promise<readonly Footing[]> {
    if (footings.length === 0 || asking.left-- <= 0) return []
    if (await this.#areUnchanged(footings, snapshot)) return footings
    if (footings.length === 1) return []
    const middle = footings.length >> 1
    const first = await this.unchanged(footings.slice(0, middle), snapshot, asking)
    return [...first, ...(await this.unchanged(footings.slice(middle), snapshot, asking))]
  }

  async #areUnchanged(footings: readonly Footing[], snapshot: CatalogSnapshot): Promise<boolean> {
    const all = <T>(part: (footing: Footing) => ReadonlySet<T>): T[] => [
      ...new Set(footings.flatMap((footing) => [...part(footing)])),
    ]
    const names = all(({ relationNames }) => relationNames)
    const called = names.flatMap((name) => snapshot.relations.called(name))
    const relations = [...new Set([...all(({ relations }) => relations), ...called.map(({ oid }) => oid)])]
    const routines = all(({ routineNames }) => routineNames)
    const domains = all(({ domains }) => domains)
    const now = await this.#marks([relations, names, routines, domains])
    const { marks } = snapshot.definitions
    const then = [
      sum(relations, (oid) => marks.relations.get(oid)),
      sum(called, ({ oid }) => oid),
      sum(routines, (name) => marks.routineNames.get(name)),
      sum(domains, (oid) => marks.checks.get(oid)),
      marks.lists.operators + marks.lists.schemas,
    ]
    return then.every((mark, index) => mark === now[index])
  }

  /** In the order of their columns. */
  async #marks(values: readonly (readonly (string | number)[])[]): Promise<readonly number[]> {
    const prepare = this.#isPrepared ? [] : [serialize.parse({ name: NAME, text: confirming, types: [] })]
    this.#isPrepared = true
    const bind = serialize.bind({ statement: NAME, values: values.map(arrayLiteral) })
    const question = Buffer.concat([...prepare, bind, serialize.execute(), serialize.sync()])
    const reply = (await this.#connection.ask(question, null)) ?? []
    const row = reply.find((message) => message[0] === backend.dataRow)
    if (row !== undefined && !reply.some(isError)) return decodeTextRow(row).map(Number)
    throw new CatalogError('unreachable', 'The server does not say what the definitions are')
  }
}

/** https://www.postgresql.org/docs/current/arrays.html#ARRAYS-IO */
function arrayLiteral(values: readonly (string | number)[]): string {
  return `{${values.map((value) => `"${`${value}`.replace(/["\\]/g, '\\$&')}"`).join(',')}}`
}

function sum<T>(all: readonly T[], of: (each: T) => number | undefined): number {
  return all.reduce((total, each) => total + (of(each) ?? 0), 0)
}
