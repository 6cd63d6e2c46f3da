import { createRowMasker } from '../masking/mask-row.ts'
import type { SessionDependencies } from './dependencies.ts'

export type Defaulted = 'catalogOf' | 'foresee' | 'locksOf' | 'createRowMasker' | 'now'

/** What stands in where nothing is known: no labels, no preview. Rows are masked as the judgement says all the same. */
export const withoutCatalog: Pick<SessionDependencies, Defaulted> = {
  catalogOf: () => ({
    version: () => 0,
    labelsOf: () => [],
    changed: () => undefined,
    look: () => Promise.resolve(),
    runsCode: () => false,
  }),
  foresee: async () => ({
    foreseen: {
      preview: { kind: 'unknown', rows: null, ofRows: null },
      consequences: null,
      labelsClearTo: {},
      rulePlaces: {},
    },
    examples: null,
    types: null,
  }),
  locksOf: async () => [],
  createRowMasker,
  now: Date.now,
}
