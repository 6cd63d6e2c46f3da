import type {
  KeptCell,
  KeptColumn,
  KeptExamples,
  ReadColumn,
  ShownColumn,
  ShownExamples,
} from '../../workflows/holds/examples.ts'
import type { OutputMask } from '../output-masks.ts'
import { clearCell, HIDDEN, maskedCell } from './example-cells.ts'

/** How somebody sees a column that they read: as it is, or by a mask. */
export type Seeing = 'clear' | OutputMask

/** What somebody would see who read those columns. Or why that cannot be said, or they would not get to see them. */
export type Reading =
  | { readonly seeing: readonly Seeing[]; readonly policy: string }
  | { readonly seeing: null; readonly whyHidden: string; readonly policy: string | null }

/** The examples as one person may see them. What they may not read themselves, they are not shown here either. */
export function shownTo({ columns, reads, rows }: KeptExamples, reading: Reading): ShownExamples {
  const of = (column: KeptColumn): Shown => ({ column, reads, seeing: reading.seeing })
  return {
    columns: columns.map((column) => shownColumn(of(column))),
    rows: rows.map(({ before, after, changed }) => ({
      before: before && columns.map((column, at) => cellBefore(before[at] ?? null, of(column))),
      after: after && columns.map((column, at) => cellAfter(after[at] ?? null, of(column))),
      changed: columns.map((column, at) => (isClear(of(column)) ? changed[at] === true : column.written)),
    })),
    whyHidden: reading.seeing === null ? reading.whyHidden : null,
    seeing: reads.map((_, at) => seenAs(reading.seeing?.[at])),
    policy: reading.policy,
  }
}

interface Shown {
  readonly column: KeptColumn
  readonly reads: readonly ReadColumn[]
  /** In the order of the reads; null: nothing is shown. */
  readonly seeing: readonly Seeing[] | null
}

function shownColumn(shown: Shown): ShownColumn {
  const { column, labels } = readAt(shown)
  return { name: column, labels, seen: seenAs(shown.seeing?.[shown.column.at]) }
}

function seenAs(seeing: Seeing | undefined): ShownColumn['seen'] {
  if (seeing === undefined) return 'hidden'
  return seeing === 'clear' ? 'clear' : 'masked'
}

function readAt({ column, reads }: Shown): ReadColumn {
  const read = reads[column.at]
  if (read === undefined) throw new TypeError('a column of the examples is not among their reads')
  return read
}

/** Its own value and all that the new one is made of. */
function isClear({ column: { at, madeOf }, seeing }: Shown): boolean {
  return seeing?.[at] === 'clear' && madeOf !== null && madeOf.every((other) => seeing[other] === 'clear')
}

function cellBefore(cell: KeptCell, shown: Shown): string | null {
  const own = shown.seeing?.[shown.column.at]
  if (own === undefined) return HIDDEN
  return own === 'clear' ? clearCell(cell) : maskedCell(cell, readAt(shown).typeOid, own)
}

function cellAfter(cell: KeptCell, shown: Shown): string | null {
  const { madeOf, written, at } = shown.column
  if (!written) return cellBefore(cell, shown)
  const others = madeOf?.filter((other) => other !== at)
  // A part of what is made of other columns may be a part of theirs.
  if (others === undefined || others.some((other) => shown.seeing?.[other] !== 'clear')) return HIDDEN
  const own = shown.seeing?.[at]
  // What is made of itself, and masked in part, may have that part from elsewhere in it.
  if (own !== 'clear' && madeOf?.includes(at)) return HIDDEN
  return cellBefore(cell, shown)
}
