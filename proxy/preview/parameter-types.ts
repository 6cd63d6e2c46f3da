import type { BoundParameters } from '../gate.ts'
import { type PrintableType, printedParameters } from './printed-parameters.ts'
import type { SideLane } from './side-lane.ts'

/** What binary parameters are. */
export interface ParameterTypes {
  readonly types: readonly number[]
  /** What a type's values are read as: an enum's as text, a domain's as its base type's. */
  readonly readAs: (type: number) => number
  readonly isArray: (type: number) => boolean
  /** What the server itself writes of those that are not read here, by their place from 0. */
  readonly printed: ReadonlyMap<number, string>
}

/** A type as far as reading its values goes. */
interface Met extends PrintableType {
  readonly oid: string
  readonly base: string
  readonly isArray: boolean
}

/** FirstNormalObjectId: what somebody made has a higher number. */
const FIRST_NOT_BUILT_IN = 16_384
/** What a type t is made of: a domain's own type, an array's elements, a range's bounds, a multirange's ranges. */
const PARTS = `
  SELECT part FROM pg_catalog.unnest(ARRAY[typbasetype, typelem]) AS part WHERE part <> 0
  UNION ALL SELECT rngsubtype FROM pg_catalog.pg_range WHERE rngtypid = t.oid
  UNION ALL SELECT rngtypid FROM pg_catalog.pg_range r
    WHERE (pg_catalog.to_jsonb(r) ->> 'rngmultitypid')::pg_catalog.oid = t.oid`

/** Types with all that they are made of. */
const MET = `
  WITH RECURSIVE met AS (
      SELECT told AS oid FROM pg_catalog.unnest($1::pg_catalog.oid[]) AS told
    UNION
      SELECT part FROM met JOIN pg_catalog.pg_type t USING (oid) CROSS JOIN LATERAL (${PARTS}) AS parts (part))
  SELECT t.oid::text, typtype AS "kind", typbasetype::text AS "base", typcategory = 'A' AS "isArray",
    pg_catalog.quote_ident(nspname) || '.' || pg_catalog.quote_ident(typname) AS "name",
    ARRAY(SELECT part::text FROM (${PARTS}) AS parts (part)) AS "madeOf",
    NOT EXISTS (SELECT FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_language l ON l.oid = prolang
      WHERE p.oid IN (typreceive, typoutput, rngcanonical) AND lanname NOT IN ('internal', 'c'))
      AND coalesce(rngsubopc::pg_catalog.int8 < ${FIRST_NOT_BUILT_IN}, true) AS "ownCode"
  FROM met JOIN pg_catalog.pg_type t USING (oid) JOIN pg_catalog.pg_namespace n ON n.oid = typnamespace
    LEFT JOIN pg_catalog.pg_range ON rngtypid = t.oid`

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
  const told: ParameterTypes = {
    ...{ types, readAs: (type) => readAs(type, met), isArray: (type) => met.get(`${type}`)?.isArray === true },
    printed: new Map(),
  }
  // Where it cannot say that, the others are read all the same.
  return { ...told, printed: await printedParameters(bound, told, met, lane).catch(() => told.printed) }
}

/** An enum's value is its name; a domain's is one of its base type. */
function readAs(type: number, met: ReadonlyMap<string, Met>): number {
  const found = met.get(`${type}`)
  if (found?.kind === 'e') return TEXT
  return found?.kind === 'd' ? readAs(Number(found.base), met) : type
}
