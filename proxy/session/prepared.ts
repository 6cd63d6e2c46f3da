import type { Definition, Judgement } from '../gate.ts'
import type { RowField } from '../wire/messages/row-description.ts'

/** The names in force when something was resolved: the session's own changes, and the catalog's. */
export interface NamesVersion {
  readonly session: number
  readonly catalog: number
}

/** A prepared statement, by Parse or by PREPARE. */
export interface PreparedStatement {
  readonly name: string
  readonly text: string
  /** As Parse declared them; null: made by PREPARE, so that it cannot be made again by us. */
  readonly parameterTypes: readonly number[] | null
  /** The server resolved its names when these were in force, and may not look again. */
  readonly names: NamesVersion
  /** By the judgement it was made by. */
  readonly ledTo: readonly Definition[]
  judged: Judged | null
}

/** A portal, by Bind or by DECLARE. It runs what was bound, whatever becomes of the statement it was made from. */
export interface Portal {
  readonly name: string
  readonly text: string
  readonly names: NamesVersion
  readonly ledTo: readonly Definition[]
  /** As people read them. */
  readonly parameters: readonly (string | null)[]
  /** Outlives its transaction. */
  readonly holdable: boolean
  /** The hold whose approval was spent on it. */
  readonly hold: string | null
  /** Its RowDescription has been asked for, to compare its rows with the judgement. */
  described: boolean
  /** As its RowDescription said; null until then, or where nobody needs it. */
  fields: readonly RowField[] | null
  /** How many there are; null: nobody has asked. */
  columns: number | null
  judged: Judged | null
}

/** Judgements, and the turn in which they were made: within it nothing can have changed. */
export interface Judged {
  readonly turn: number
  readonly judgements: readonly Judgement[]
}

export function definitionsOf(judgements: readonly Judgement[]): readonly Definition[] {
  return judgements[0]?.definitions ?? NONE
}

const NONE: readonly never[] = []

interface Declared {
  readonly name: string
  readonly text: string
  readonly names: NamesVersion
  readonly ledTo: readonly Definition[]
  readonly whole: string
}

/** What DECLARE leaves under its name. */
export function cursor({ name, text, names, ledTo, whole }: Declared): Portal {
  // Taken for holdable too often rather than too seldom only means that the server refuses the FETCH instead of us.
  const holdable = /\bwith\s+hold\b/i.test(whole)
  return {
    name,
    text,
    names,
    ledTo,
    holdable,
    parameters: [],
    hold: null,
    described: false,
    fields: null,
    columns: null,
    judged: null,
  }
}
