import type { BoundParameters } from '../gate.ts'
import { isUnread } from '../session/parameter-text.ts'
import type { ParameterTypes } from './parameter-types.ts'
import type { SideLane } from './side-lane.ts'

/** A type as far as having the server print its values goes. */
export interface PrintableType {
  /** pg_type.typtype: b a base type, e an enum, d a domain, r a range, m a multirange, c a row … */
  readonly kind: string
  /** Schema and name, quoted. */
  readonly name: string
  /** OIDs of the types that values of it are made of. */
  readonly madeOf: readonly string[]
  /** Reading and writing a value runs code of the server and of its extensions only. */
  readonly ownCode: boolean
}

/** Printed by one question; the next one has the rest. */
const AT_ONCE = 500

/** As people read them, whatever the login's defaults are. */
const SAID = [
  ['datestyle', 'ISO'],
  ['timezone', 'UTC'],
  ['intervalstyle', 'postgres'],
  ['extra_float_digits', '1'],
].map(([name, value]) => `pg_catalog.set_config('${name}', '${value}', true)`)

/**
 * Binary values as the server itself writes them: it is sent the bytes as a parameter, and prints them with the type's
 * own output function. Types that run code somebody wrote in the database to do so are left out: rows, and whatever is
 * made of a domain, whose conditions would be run.
 *
 * @returns by their places, from 0. Throws what the server answered: bytes that are not what their type has
 */
export async function printedParameters(
  bound: BoundParameters,
  told: ParameterTypes,
  met: ReadonlyMap<string, PrintableType>,
  lane: SideLane,
): Promise<ReadonlyMap<number, string>> {
  const wanted = bound.values.flatMap((value, at) => {
    const type = told.readAs(told.types[at] ?? 0)
    const name = met.get(`${type}`)?.name
    if (value === null || name === undefined || !isUnread(bound, at, told) || !isPrintable(`${type}`, met)) return []
    return [{ at, value, name }]
  })
  const printed = new Map<number, string>()
  for (let from = 0; from < wanted.length; from += AT_ONCE) {
    const some = wanted.slice(from, from + AT_ONCE)
    const texts = some.map(({ name }, at) => `pg_catalog.format('%s', $${at + 1}::${name})`)
    const sql = `WITH said AS MATERIALIZED (SELECT ${SAID.join(', ')}) SELECT ARRAY[${texts.join(', ')}] AS texts FROM said`
    const values = some.map(({ value }) => value)
    const [row] = await lane.ask<{ readonly texts: readonly string[] }>(sql, values)
    for (const [index, { at }] of some.entries()) printed.set(at, row?.texts[index] ?? '')
  }
  return printed
}

const PRINTABLE = new Set(['b', 'e', 'r', 'm'])

/** An array's elements and a range's bounds are read and written by their own functions. */
function isPrintable(type: string, met: ReadonlyMap<string, PrintableType>): boolean {
  const found = met.get(type)
  if (found === undefined || !PRINTABLE.has(found.kind) || !found.ownCode) return false
  return found.madeOf.every((part) => isPrintable(part, met))
}
