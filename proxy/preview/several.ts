import type { Undo } from '../../workflows/holds/consequences.ts'
import type { Preview } from '../../workflows/holds/hold.ts'
import type { Judgement } from '../gate.ts'
import type { Found } from './consequences.ts'
import { UNKNOWN_ROWS } from './rows.ts'
import { strongestFirst } from './table-locks.ts'

/** What was found out about one statement of a message. */
export interface Seen {
  readonly judgement: Judgement
  readonly preview: Preview
  readonly consequences: Found
}

/**
 * What the statements of one message would do together. Each was looked at by itself, as if none before it had run, and
 * is told as that. Those that only begin, end or set something are left out.
 */
export function together(all: readonly Seen[]): Pick<Seen, 'preview' | 'consequences'> | null {
  const doing = all.filter(({ judgement: { facts } }) => facts.effects.some((effect) => !QUIET.has(effect)))
  const seen = doing.length === 0 ? all : doing
  const [only] = seen
  if (only === undefined) return null
  if (seen.length === 1) return { preview: only.preview, consequences: only.consequences }
  const parts = seen.map(({ consequences }) => consequences)
  const writing = seen.filter(({ judgement: { facts } }) => facts.effects.includes('write'))
  return {
    preview: summed(writing.length === 0 ? seen : writing),
    consequences: {
      locks: strongestFirst(parts.flatMap(({ locks }) => locks)),
      cascades: allOf(parts.map(({ cascades }) => cascades)),
      triggers: allOf(parts.map(({ triggers }) => triggers)),
      undo: worst(parts.map(({ undo }) => undo)),
      examples: writing.length === 1 ? (writing[0]?.consequences.examples ?? null) : null,
    },
  }
}

const QUIET: ReadonlySet<string> = new Set(['transaction', 'session'])

function summed(seen: readonly Seen[]): Preview {
  const each = seen.map(({ judgement: { facts }, preview }) => ({ tag: facts.tag, ...preview }))
  const [only] = seen
  if (only !== undefined && seen.length === 1) return only.preview
  const rows = sum(each.map((one) => one.rows))
  if (rows === null) return { ...UNKNOWN_ROWS, each }
  const counted = each.every(({ kind }) => kind === 'counted')
  return { kind: counted ? 'counted' : 'estimated', rows, ofRows: sum(each.map(({ ofRows }) => ofRows)), each }
}

function sum(numbers: readonly (number | null)[]): number | null {
  return numbers.reduce((total, one) => (total === null || one === null ? null : total + one), 0)
}

function allOf<T>(lists: readonly (readonly T[] | null)[]): readonly T[] | null {
  const known = lists.filter((list) => list !== null)
  return known.length < lists.length ? null : known.flat()
}

const WORST_FIRST: readonly Undo['how'][] = ['impossible', 'unknown', 'partly', 'by_hand', 'nothing_to_undo']

function worst(undos: readonly Undo[]): Undo {
  const [first] = [...undos].sort((a, b) => WORST_FIRST.indexOf(a.how) - WORST_FIRST.indexOf(b.how))
  return first ?? { how: 'unknown', sentence: '' }
}
