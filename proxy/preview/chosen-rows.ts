import pg from 'pg'
import type { Modification, NamedTable } from './modification.ts'
import { provenExpression } from './proven-expression.ts'

/** The rows that an UPDATE or DELETE chooses, as the end of a SELECT. */
export interface ChosenRows {
  /** `FROM schema.table AS alias WHERE …` */
  readonly from: string
  /** What the rows are called in it, quoted. */
  readonly alias: string
  /** Which of the statement's parameters it takes, in its own order; from 1. May be added to. */
  readonly parameters: number[]
}

const quoted = pg.escapeIdentifier

/** @returns null where it is not proven to choose the same rows */
export function chosenRows({ alias, where }: Modification, { schema, name }: NamedTable): ChosenRows | null {
  const parameters: number[] = []
  const from = `FROM ${quoted(schema)}.${quoted(name)} AS ${quoted(alias ?? name)}`
  if (where === null) return { from, alias: quoted(alias ?? name), parameters }
  const condition = provenExpression(where.readable, where.original, parameters)
  // A sub-select names relations of its own, which may be written to the statement's disadvantage.
  if (condition === null || JSON.stringify(where.original).includes('"SubLink"')) return null
  return { from: `${from} WHERE ${condition}`, alias: quoted(alias ?? name), parameters }
}
