import type { Pool } from 'pg'
import type { ShownInput } from '../../policies/manifest.ts'
import type { RecordedInput } from './recorded-input.ts'

export interface StateInputsOptions {
  readonly pool: Pick<Pool, 'query'>
  /** Days back from now whose decisions count. */
  readonly days: number
  readonly now: number
  /** No more distinct inputs than this: digests are as good as chance, so the first ones are a fair sample. */
  readonly inputsMax?: number | undefined
}

interface InputRow {
  readonly digest: string
  readonly input: ShownInput
  readonly decisions: string
}

const PAGE = 1_000
const DAY_MS = 86_400_000

/** The recorded inputs in the state database, a page at a time. */
export async function* stateInputs(options: StateInputsOptions): AsyncGenerator<RecordedInput, void, void> {
  const { pool, days, now, inputsMax = Number.POSITIVE_INFINITY } = options
  const since = new Date(now - days * DAY_MS)
  let last = ''
  for (let given = 0; given < inputsMax; ) {
    const { rows } = await pool.query<InputRow>(SELECT, [last, since, Math.min(PAGE, inputsMax - given)])
    for (const { digest, input, decisions } of rows) yield { digest, input, decisions: Number(decisions) }
    if (rows.length === 0) return
    last = rows.at(-1)?.digest ?? last
    given += rows.length
  }
}

/** How much there is to judge, for a progress that knows its end. */
export async function countStateInputs({
  pool,
  days,
  now,
}: StateInputsOptions): Promise<{ inputs: number; decisions: number }> {
  const { rows } = await pool.query<{ inputs: string; decisions: string }>(COUNT, [new Date(now - days * DAY_MS)])
  return { inputs: Number(rows[0]?.inputs ?? 0), decisions: Number(rows[0]?.decisions ?? 0) }
}

/** Both sides begin where the last page ended: joined by merging, the days would be read from their beginning each time. */
const SELECT = `
  SELECT i.digest, i.input, sum(d.decisions) AS decisions
  FROM policy_input i JOIN policy_input_day d ON d.input = i.digest
  WHERE i.digest > $1 AND d.input > $1 AND d.day >= $2::timestamptz::date
  GROUP BY i.digest ORDER BY i.digest LIMIT $3`

const COUNT = `
  SELECT count(DISTINCT d.input) AS inputs, coalesce(sum(d.decisions), 0) AS decisions
  FROM policy_input_day d JOIN policy_input i ON i.digest = d.input WHERE d.day >= $1::timestamptz::date`
