import { useEffect, useState } from 'preact/hooks'
import type { ExamplesView } from '../consequences-schema.ts'
import { ApiProblem, fetchExamples } from './api.ts'
import { Chip, Line } from './text.tsx'

type Row = ExamplesView['rows'][number]

interface ExamplesProps {
  readonly id: string
  /** A trigger fires before each row is written, and may write something else. */
  readonly changedBefore: boolean
}

/** Asked for once, when the page opens: each look is judged for whoever looks, and goes on record. */
export function Examples({ id, changedBefore }: ExamplesProps) {
  const [examples, setExamples] = useState<ExamplesView | 'loading' | { readonly problem: string }>('loading')
  useEffect(() => {
    let current = true
    fetchExamples(id).then(
      (value) => current && setExamples(value),
      (error: unknown) =>
        current && setExamples({ problem: error instanceof ApiProblem ? error.message : 'Try again.' }),
    )
    return () => {
      current = false
    }
  }, [id])
  if (examples === 'loading') return <p class="soft">Looking at what you may see of the rows …</p>
  if ('problem' in examples) return <p class="soft">Example rows are not shown: {examples.problem}</p>
  return <ExamplesTable of={examples} changedBefore={changedBefore} />
}

interface TableProps {
  readonly of: ExamplesView
  readonly changedBefore: boolean
}

/** A few rows as a diff: what is there now, and below it what would be. */
function ExamplesTable({ of: { columns, rows, whyHidden }, changedBefore }: TableProps) {
  if (rows.length === 0) return null
  const order = changedFirst(columns.length, rows)
  const masked = columns.some(({ seen }) => seen === 'masked')
  return (
    <section class="hold-examples" aria-label="Examples">
      <h2>
        {titleOf(rows)}{' '}
        <span class="count">{rows.length === 1 ? 'the first row' : `the first ${rows.length} rows`}</span>
      </h2>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a wide table is scrolled by keyboard, too */}
      <section class="examples" tabIndex={0} aria-label={titleOf(rows)}>
        <table>
          <thead>
            <tr>
              <th scope="col">
                <span class="visually-hidden">State</span>
              </th>
              {order.map((at) => (
                <th key={at} scope="col">
                  <Line of={columns[at]?.name ?? ''} />{' '}
                  {columns[at]?.seen !== 'clear' && <Chip>{columns[at]?.seen}</Chip>}
                </th>
              ))}
            </tr>
          </thead>
          {rows.map((row, at) => (
            <tbody key={at}>
              {row.before !== null && <Cells cells={row.before} row={row} order={order} side="before" />}
              {row.after !== null && <Cells cells={row.after} row={row} order={order} side="after" />}
            </tbody>
          ))}
        </table>
      </section>
      <p class="soft">
        As of when it was asked, outside of its transaction.
        {changedBefore && ' Triggers that fire before may still change what is written.'}
        {masked && ' What is masked is what the policy masks for you.'}
        {whyHidden === null ? ' That you saw them is on record.' : ` ${whyHidden}`}
      </p>
    </section>
  )
}

function titleOf(rows: readonly Row[]): string {
  if (rows.every(({ before }) => before === null)) return 'Rows it would add'
  return rows.every(({ after }) => after === null) ? 'Rows it would delete' : 'Rows before and after'
}

const MARKS = { before: '−', after: '+' } as const
const WORDS = { before: 'before', after: 'after' } as const

interface CellsProps {
  readonly cells: readonly (string | null)[]
  readonly row: Row
  readonly order: readonly number[]
  readonly side: 'before' | 'after'
}

function Cells({ cells, row, order, side }: CellsProps) {
  const alone = row.before === null || row.after === null
  return (
    <tr class={alone ? `example-${side} example-alone` : `example-${side}`}>
      <th scope="row">
        <span aria-hidden="true">{MARKS[side]}</span>
        <span class="visually-hidden">{WORDS[side]}</span>
      </th>
      {order.map((at) => (
        <td key={at} class={!alone && row.changed[at] === true ? 'changed' : undefined}>
          {cells[at] == null ? <span class="soft">NULL</span> : <Line of={cells[at]} />}
        </td>
      ))}
    </tr>
  )
}

/** What tells the row, as a rule the first column, and then what would change: on a phone no more is in view. */
function changedFirst(count: number, rows: readonly Row[]): readonly number[] {
  const changes = (at: number): boolean => rows.some((row) => bothSides(row) && row.changed[at] === true)
  const rank = (at: number): number => (at === 0 ? 0 : changes(at) ? 1 : 2)
  return Array.from({ length: count }, (_, at) => at).sort((one, other) => rank(one) - rank(other))
}

const bothSides = ({ before, after }: Row): boolean => before !== null && after !== null
