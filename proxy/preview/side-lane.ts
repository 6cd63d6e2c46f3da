import type pg from 'pg'
import type { Catalog } from '../catalog/catalog.ts'
import type { BoundParameters } from '../gate.ts'

/** What the asking session is like. What is asked in its stead is asked with its rights and its names. */
export interface SideView {
  readonly role: string
  readonly searchPath: string | null
  readonly inTransaction: boolean
}

export type SideConnection = Pick<Catalog, 'query'> & Partial<Pick<Catalog, 'parameterTypes'>>

/** The server did not answer in the time there was, or not at all. */
export class SideLaneClosed extends Error {}

/**
 * One question after the other beside the session, read only, all of them within one time: a hold is not made later
 * for it, and one connection of the few is taken.
 */
export class SideLane {
  readonly #connection: SideConnection
  readonly #as: SideView | null
  readonly #endsAt: number

  constructor(
    connection: SideConnection,
    { timeoutMs, as }: { readonly timeoutMs: number; readonly as: SideView | null },
  ) {
    this.#connection = connection
    this.#as = as
    this.#endsAt = performance.now() + timeoutMs
  }

  /** Of the database's own catalogs, by the login's own path: nothing of the session can stand in front of them. */
  ask<T extends pg.QueryResultRow>(sql: string, values: readonly unknown[] = []): Promise<readonly T[]> {
    return this.#connection.query<T>(sql, values, { timeoutMs: this.#left() })
  }

  /** In the session's stead: with its role and its search path. */
  askAsSession<T extends pg.QueryResultRow>(sql: string, values: readonly unknown[]): Promise<readonly T[]> {
    const { role, searchPath } = this.#as ?? {}
    const as = role === undefined || searchPath == null ? {} : { as: { role, searchPath } }
    return this.#connection.query<T>(sql, values, { timeoutMs: this.#left(), ...as })
  }

  /** As the session's statement would have them. @throws where it cannot be asked */
  parameterTypes(text: string, declared: readonly number[]): Promise<readonly number[]> {
    const { role, searchPath } = this.#as ?? {}
    if (role === undefined || searchPath == null || this.#connection.parameterTypes === undefined)
      throw new SideLaneClosed('nobody can be asked for types')
    return this.#connection.parameterTypes(text, declared, { timeoutMs: this.#left(), as: { role, searchPath } })
  }

  #left(): number {
    const left = this.#endsAt - performance.now()
    if (left < 1) throw new SideLaneClosed('there is no time left')
    return left
  }
}

/** Text parameters as text and binary ones as bytes, which is also how the driver sends them on. */
export function valuesOf({ formats, values }: BoundParameters): readonly (string | Buffer | null)[] {
  return values.map((value, index) => {
    const format = formats.length === 1 ? formats[0] : formats[index]
    return value === null || format === 1 ? value : value.toString('utf8')
  })
}

/** Those parameters that a rewritten query takes, in its order. null: one is missing, and the driver would send NULL. */
export function taken(bound: BoundParameters, numbers: readonly number[]): readonly (string | Buffer | null)[] | null {
  const values = valuesOf(bound)
  const chosen = numbers.map((number) => values[number - 1])
  return chosen.every((value) => value !== undefined) ? chosen : null
}
