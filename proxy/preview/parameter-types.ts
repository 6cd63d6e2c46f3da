import type { BoundParameters } from '../gate.ts'
import type { SideLane } from './side-lane.ts'

/** What binary parameters are. */
export interface ParameterTypes {
  readonly types: readonly number[]
  /** What a type's values are read as: an enum's as text, a domain's as its base type's. */
  readonly readAs: (type: number) => number
  readonly isArray: (type: number) => boolean
}

/** A type as far as reading its values goes. */
interface Met {
  readonly oid: string
  /** pg_type.typtype: e an enum, d a domain. */
  readonly kind: string
  readonly base: string
  readonly isArray: boolean
}

/** With what they are made of: a domain's own type, an array's elements. */
const MET = `
  WITH RECURSIVE met AS (
      SELECT oid, typtype, typbasetype, typelem, typcategory FROM pg_catalog.pg_type WHERE oid = ANY ($1::oid[])
    UNION
      SELECT t.oid, t.typtype, t.typbasetype, t.typelem, t.typcategory FROM met
      JOIN pg_catalog.pg_type t ON t.oid IN (met.typbasetype, met.typelem))
  SELECT oid::text, typtype AS "kind", typbasetype::text AS "base", typcategory = 'A' AS "isArray" FROM met`

const TEXT = 25

/**
 * What binary parameters are, where the client has left that to the server, or named a type that only this database
 * has. It is told, not bound: an approval covers the types as they were declared, and the bytes.
 */
export async function parameterTypes(text: string, bound: BoundParameters, lane: SideLane): Promise<ParameterTypes> {
  const { values, types: declared } = bound
  const isLeft = values.some((_, at) => (declared[at] ?? 0) === 0)
  const types = isLeft ? await lane.parameterTypes(text, declared) : declared
  const met = new Map((await lane.ask<Met & Record<string, unknown>>(MET, [[...types]])).map((one) => [one.oid, one]))
  return { types, readAs: (type) => readAs(type, met), isArray: (type) => met.get(`${type}`)?.isArray === true }
}

/** An enum's value is its name; a domain's is one of its base type. */
function readAs(type: number, met: ReadonlyMap<string, Met>): number {
  const found = met.get(`${type}`)
  if (found?.kind === 'e') return TEXT
  return found?.kind === 'd' ? readAs(Number(found.base), met) : type
}
