import type { LabelRules } from './column-sources.ts'
import type { Definitions, Relation } from './definitions.ts'
import type { Marks } from './marks.ts'
import { CatalogSnapshot } from './snapshot.ts'
import type { ViewSources } from './snapshot-options.ts'

/** The lists of the definitions, each of which is handed over in parts. */
type ListKey = {
  [Key in keyof Definitions]: Definitions[Key] extends readonly unknown[] ? Key : never
}[keyof Definitions]

/** A few entries of one list; with relations come the labels that rules give their columns. */
export interface DefinitionsPart {
  readonly key: ListKey
  readonly items: readonly unknown[]
  readonly labelled: readonly LabelledColumn[]
}

type LabelledColumn = readonly [key: string, labels: readonly string[]]

/** What a snapshot is besides its lists. */
export interface SnapshotHead {
  readonly serverVersion: number
  readonly loginRole: string
  readonly version: number
}

/** So few that copying one part stops nobody for more than a few milliseconds. */
const ITEMS_MAX = 200

/** A snapshot, cut up to be sent to another thread: made as it is taken, so that the taker can stop in between. */
export function* partsOf(snapshot: CatalogSnapshot): Generator<DefinitionsPart> {
  const { definitions } = snapshot
  for (const [key, list] of Object.entries(definitions)) {
    if (!Array.isArray(list)) continue
    for (let from = 0; from < list.length; from += ITEMS_MAX) {
      const items: readonly unknown[] = list.slice(from, from + ITEMS_MAX)
      const labelled = key === 'relations' ? labelledColumns(snapshot, items as readonly Relation[]) : []
      yield { key: key as ListKey, items, labelled }
    }
  }
}

export function headOf({ definitions, version }: CatalogSnapshot): SnapshotHead {
  const { serverVersion, loginRole } = definitions
  return { serverVersion, loginRole, version }
}

function labelledColumns(snapshot: CatalogSnapshot, relations: readonly Relation[]): LabelledColumn[] {
  return relations.flatMap(({ oid: relationOid, schema, name: relation, attributes }) =>
    attributes.flatMap(({ number: attribute, name: column, type: oid }): LabelledColumn[] => {
      const type = snapshot.typeByOid(oid)?.name ?? ''
      const labels = snapshot.labels.labelsFor({ schema, relation, column, type, relationOid, attribute })
      return labels.length === 0 ? [] : [[keyOf(schema, relation, column), labels]]
    }),
  )
}

/** The other side: takes the parts and makes a snapshot of them that answers as the first one does. */
export class SnapshotAssembly {
  readonly #lists: Record<string, unknown[]> = {}
  readonly #labels = new Map<string, readonly string[]>()

  add({ key, items, labelled }: DefinitionsPart): void {
    const list = this.#lists[key] ?? []
    this.#lists[key] = list
    for (const item of items) list.push(item)
    for (const [column, labels] of labelled) this.#labels.set(column, labels)
  }

  finish({ version, ...server }: SnapshotHead, viewSources: ViewSources): CatalogSnapshot {
    const definitions = { ...empty, ...this.#lists, ...server, marks: noMarks } as Definitions
    const labels: LabelRules = {
      labelsFor: ({ schema, relation, column }) => this.#labels.get(keyOf(schema, relation, column)) ?? [],
    }
    return new CatalogSnapshot(definitions, { labels, version, viewSources })
  }
}

/** Only where definitions are read is it asked whether they have changed. */
const noMarks: Partial<Marks> = {}

/** An empty list has no parts. */
const empty: { readonly [Key in ListKey]: readonly never[] } = {
  schemas: [],
  relations: [],
  indexes: [],
  inheritance: [],
  views: [],
  rules: [],
  triggers: [],
  expressions: [],
  cascades: [],
  routines: [],
  types: [],
  operators: [],
  casts: [],
  eventTriggers: [],
  roles: [],
}

/** A name cannot hold a NUL. */
function keyOf(schema: string, relation: string, column: string): string {
  return `${schema}\0${relation}\0${column}`
}
