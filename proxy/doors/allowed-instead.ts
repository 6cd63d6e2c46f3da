import { parseFirst, type SelectedColumn, type Statement, toSql } from 'pgsql-ast-parser'
import type { Judgement, OutputColumn } from '../gate.ts'

/**
 * The same read without the columns that policy protects, where that would be allowed at once. It is written by the
 * parser that writes, and judged by the gate like anything that would run; what is not certain is not offered.
 */
export interface Instead {
  readonly sql: string
  /** The output columns that it leaves out. */
  readonly without: readonly string[]
}

export type JudgeText = (text: string) => readonly Judgement[] | Promise<readonly Judgement[]>

export async function allowedInstead(judgements: readonly Judgement[], judge: JudgeText): Promise<Instead | null> {
  const [judgement] = judgements
  if (judgement === undefined || judgements.length > 1 || judgement.outputs === null) return null
  const instead = withoutLabelled(judgement.text, judgement.outputs)
  if (instead === null) return null
  const verdicts = await judge(instead.sql)
  return verdicts.length === 1 && verdicts[0]?.decision.outcome === 'allow' ? instead : null
}

function withoutLabelled(text: string, outputs: readonly OutputColumn[]): Instead | null {
  const select = parsed(text)
  if (select?.type !== 'select' || !select.columns) return null
  // Places and distinct rows mean something else when a column is missing.
  const byPlace = [...(select.groupBy ?? []), ...(select.orderBy ?? []).map(({ by }) => by)]
  if (select.distinct || byPlace.some(({ type }) => type === 'integer')) return null
  const columns = select.columns.some(isStar) ? spelledOut(select.columns, outputs) : select.columns
  // Which output is which column is known only where there is one for each.
  if (columns === null || columns.length !== outputs.length) return null
  const labelled = outputs.map(({ sources }) => sources.some(({ labels }) => labels.length > 0))
  const kept = columns.filter((_, at) => !labelled[at])
  if (kept.length === 0 || kept.length === columns.length) return null
  const sql = toSql.statement({ ...select, columns: kept })
  const without = outputs.filter((_, at) => labelled[at]).map(({ name }) => name)
  return parametersIn(sql) === parametersIn(text) ? { sql, without } : null
}

/** null: not everything that the server reads. */
function parsed(text: string): Statement | null {
  try {
    return parseFirst(text)
  } catch {
    return null
  }
}

function isStar({ expr }: SelectedColumn): boolean {
  return expr.type === 'ref' && expr.name === '*'
}

/** A lone star is the columns that come out. */
function spelledOut(columns: readonly SelectedColumn[], outputs: readonly OutputColumn[]): SelectedColumn[] | null {
  if (columns.length !== 1) return null
  return outputs.map(({ name }) => ({ expr: { type: 'ref', name } }))
}

/** With fewer, the bound ones would not fit. */
function parametersIn(sql: string): number {
  return new Set(sql.match(/\$\d+/g)).size
}
