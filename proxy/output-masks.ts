import type { Decision, Mask } from '../policies/decision.ts'
import type { Facts } from '../policies/input.ts'
import type { OutputColumn } from './gate.ts'
import type { RefusalId } from './refusal.ts'

type Source = OutputColumn['sources'][number]

/** `whole`: also that there is no value is not shown. What is computed may be NULL because of what is in a column. */
export type OutputMask = Mask & { readonly whole?: true }

/**
 * From the masks of a decision, which are by column of the catalog, to those of a result, which are by position.
 *
 * - the value of one masked column, unchanged: that column's method
 * - anything made of masked columns (upper(email), email::text, max(salary), a whole row): nothing of it is shown, not even
 *   whether it is NULL: `nullif(left(email, 1), 'a')` would say so of every letter
 * - sources that are not known, while something in the statement is masked: the statement does not run
 *
 * @returns the masks, null when nothing in the statement is masked, or why it may not run
 */
export function outputMasksOf(
  facts: Facts,
  outputs: readonly OutputColumn[] | null,
  decision: Decision,
): readonly (OutputMask | null)[] | null | RefusalId {
  const columns = outputs ?? []
  if (columns.some(({ sources }) => sources.some((source) => !wasShown(facts, source)))) return 'gate.lineage'
  if (decision.masks.length === 0) return null
  if (facts.flags.includes('copy_to')) return 'gate.export_masked'
  if (outputs === null) return returnsRows(facts) ? 'gate.lineage' : null
  return outputs.map((output) => maskOf(output, decision.masks))
}

/** A labelled source that is not among the facts was never judged. */
function wasShown(facts: Facts, source: Source): boolean {
  if (source.labels.length === 0) return true
  return facts.columns.some(
    ({ schema, relation, column, labels }) =>
      column === source.column && relation === source.relation && schema === source.schema && labels.length > 0,
  )
}

/**
 * All that answers with rows: queries, RETURNING, and the utilities of UtilityReturnsTuples in the server's
 * src/backend/tcop/utility.c. A kind that is new to us is denied long before.
 */
const answersWithRows = new Set(['select', 'call', 'fetch', 'execute', 'explain', 'variable_show', 'unknown'])

function returnsRows(facts: Facts): boolean {
  if (facts.tag === 'MOVE') return false // a FETCH to the parser, but it only counts them
  return answersWithRows.has(facts.kind) || facts.flags.includes('returning')
}

function maskOf(output: OutputColumn, masks: readonly Mask[]): OutputMask | null {
  const found = output.sources.map((source) => maskOfSource(source, masks))
  const masked = found.filter((mask) => mask !== null)
  const [first] = masked
  if (first === undefined) return null
  const alike = masked.length === found.length && masked.every(({ method }) => method === first.method)
  if (output.exact && alike) return first
  return { ...first, method: masked.some(({ method }) => method === 'null') ? 'null' : 'redact', whole: true }
}

/** A mask of `*` stands for the labelled columns of its relation that have none of their own. */
function maskOfSource(source: Source, masks: readonly Mask[]): Mask | null {
  const ofRelation = masks.filter(({ schema, relation }) => schema === source.schema && relation === source.relation)
  const own = ofRelation.find(({ column }) => column === source.column)
  if (own !== undefined) return own
  if (source.labels.length === 0) return null
  const whole = ofRelation.find(({ column }) => column === '*')
  return whole === undefined ? null : { ...whole, column: source.column }
}
