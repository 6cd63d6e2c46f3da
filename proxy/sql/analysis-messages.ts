import type { DefinitionsPart, SnapshotHead } from '../catalog/definitions-parts.ts'
import type { Remembered } from '../gate.ts'
import type { Analysis } from './analyse.ts'
import type { NameContext } from './context.ts'

/**
 * What a process and its thread for large texts say to each other. The process asks, one thing at a time, and each
 * thing is answered once:
 *
 *   part, part, … snapshot   the definitions that names are looked up in       → taken
 *   text, text, … analyse    a text, the last of its parts with the question   → needs | analyses
 *   more                     the rest of its analyses, where they are many     → analyses
 */
export type Request =
  | { readonly kind: 'part'; readonly part: DefinitionsPart }
  | { readonly kind: 'snapshot'; readonly number: number; readonly head: SnapshotHead }
  | { readonly kind: 'text'; readonly part: string }
  /** @param text null: the one that was sent last */
  | { readonly kind: 'analyse'; readonly text: string | null; readonly snapshot: number; readonly names: SentNames }
  | { readonly kind: 'more' }

export type Reply =
  | { readonly kind: 'taken' }
  /** It runs what is prepared or declared under these names, whose texts were not sent along. */
  | { readonly kind: 'needs'; readonly prepared: readonly string[]; readonly cursors: readonly string[] }
  | { readonly kind: 'analyses'; readonly some: readonly SentAnalysis[]; readonly last: boolean }

/** The thread keeps as many snapshots: the last that it was sent. */
export const SNAPSHOTS_KEPT = 4

/** A name context without its snapshot and without functions. */
export interface SentNames
  extends Pick<NameContext, 'searchPath' | 'role' | 'temporaryRelations'>,
    Required<Pick<NameContext, 'uncommitted' | 'temporaries'>> {
  readonly prepared: ReadonlyMap<string, Remembered | undefined>
  readonly cursors: ReadonlyMap<string, Remembered | undefined>
}

/** Texts are not sent back where the process has them: null for the text that was sent, and for one without secrets. */
export interface SentAnalysis extends Omit<Analysis, 'text' | 'redactedText'> {
  readonly text: string | null
  readonly redactedText: string | null
}
