import type { LabelRules } from './column-sources.ts'
import type { Relation } from './definitions.ts'
import type { CatalogSnapshot, Source } from './snapshot.ts'
import type { Temporaries } from './temporaries.ts'

/** For each column of a view, the base columns behind it. Known to proxy/sql, which reads the view's query. */
export type ViewSources = (snapshot: CatalogSnapshot, relation: Relation) => readonly (readonly Source[])[]

export interface SnapshotOptions {
  readonly labels: LabelRules
  readonly version: number
  readonly viewSources?: ViewSources
  /** No trigger fires and no foreign key writes elsewhere. */
  readonly quiet?: true
}

/** A session's own temporary relations, over what everybody sees. */
export interface Overlay {
  readonly base: CatalogSnapshot
  readonly temporaries: Temporaries
}
