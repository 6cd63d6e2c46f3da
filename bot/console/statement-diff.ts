import { diffWordsWithSpace } from 'diff'
import type { Hold } from '../../workflows/holds/hold.ts'
import type { HoldView } from './schemas.ts'

export type DiffPart = NonNullable<HoldView['sameShape']>['parts'][number]

/** Statements beyond this are read, not compared: the work grows with the square of what differs. */
const COMPARED_CHARACTERS_MAX = 20_000

/** How one text differs from another, word by word. null: too long to be compared. */
export function statementDiff(before: string, after: string): readonly DiffPart[] | null {
  if (before.length + after.length > COMPARED_CHARACTERS_MAX) return null
  const parts = diffWordsWithSpace(before, after, { timeout: 200 })
  return (
    parts?.map(({ value, added, removed }) => ({
      kind: added ? 'added' : removed ? 'removed' : 'same',
      text: value,
    })) ?? null
  )
}

/** A statement with its parameters, as one text to compare. */
export function comparedText({ statement, parameters }: Pick<Hold, 'statement' | 'parameters'>): string {
  const lines = parameters.map((value, at) => `$${at + 1} = ${value === null ? 'NULL' : `'${value}'`}`)
  return [statement, ...lines].join('\n')
}
