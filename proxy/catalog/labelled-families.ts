import type { Definitions, Relation } from './definitions.ts'
import type { LabelledName } from './former-labels.ts'
import { append, closure } from './grouping.ts'

/** A column's name, and the labels it has for that. */
export interface Labelled {
  readonly name: LabelledName
  readonly labels: string
}

type NamesOf = (relation: Relation) => readonly Labelled[]

/** Which names of other members of its family a column is labelled for. */
export class LabelledFamilies {
  #links: Definitions['inheritance'] | null = null;

  /** A few at a time; none where neither a link nor a relation has changed since. */
  *namesIn(definitions: Definitions, relationsChanged: boolean, namesOf: NamesOf): Generator<readonly LabelledName[]> {
    const { inheritance: links, relations } = definitions
    if (links.length === 0 || (links === this.#links && !relationsChanged)) return
    this.#links = links
    const byOid = new Map(relations.map((relation) => [relation.oid, relation]))
    const linked = [...new Set(links.flat())].flatMap((oid) => byOid.get(oid) ?? [])
    const parents = new Map(links.filter(([, parent]) => isPartitioned(byOid.get(parent))))
    const inTree = ({ oid }: Relation) => parents.has(oid) || isPartitioned(byOid.get(oid))
    const trees = new Map<number, Relation[]>()
    // The topmost first: what it is called is what people label.
    const topmostFirst = linked.filter(inTree).sort((a, b) => Number(parents.has(a.oid)) - Number(parents.has(b.oid)))
    for (const relation of topmostFirst) append(trees, rootOf(relation.oid, parents), relation)
    for (const members of trees.values()) yield* shared(members, members, namesOf)
    const others = linked.filter((relation) => !inTree(relation))
    yield* ofPlainFamilies(others, links, byOid, namesOf)
  }
}

/**
 * Rows of a child are rows of its parents, and keep their labels when it leaves them. A parent's own rows were never a
 * child's, and no row is moved from one child to another.
 */
function* ofPlainFamilies(
  relations: readonly Relation[],
  links: Definitions['inheritance'],
  byOid: ReadonlyMap<number, Relation>,
  namesOf: NamesOf,
): Generator<readonly LabelledName[]> {
  const parents = new Map<number, number[]>()
  for (const [child, parent] of links) append(parents, child, parent)
  for (const relation of relations) {
    const above = [...closure(parents, relation.oid)].flatMap((oid) => byOid.get(oid) ?? [])
    if (above.length > 1) yield* shared([relation], above, namesOf)
  }
}

/** The labelled names of a family, one for all that give the same labels, for each column that is called alike. */
function* shared(
  members: readonly Relation[],
  family: readonly Relation[],
  namesOf: NamesOf,
): Generator<readonly LabelledName[]> {
  const byColumn = new Map<string, Labelled[]>()
  const own = new Map<number, readonly Labelled[]>()
  for (const relation of family) {
    const labelled = namesOf(relation)
    own.set(relation.oid, labelled)
    const columns = new Map(relation.attributes.map(({ number, name }) => [number, name]))
    for (const each of labelled) {
      const column = columns.get(each.name.attribute) ?? ''
      if (!byColumn.get(column)?.some(({ labels }) => labels === each.labels)) append(byColumn, column, each)
    }
    yield []
  }
  if (byColumn.size === 0) return
  for (const { oid, attributes } of members) {
    yield attributes.flatMap(({ number, name }) => {
      const has = own.get(oid)?.filter((each) => each.name.attribute === number) ?? []
      const more = (byColumn.get(name) ?? []).filter(({ labels }) => !has.some((each) => each.labels === labels))
      return more.map((each) => ({ ...each.name, relationOid: oid, attribute: number }))
    })
  }
}

function isPartitioned(relation: Relation | undefined): boolean {
  return relation?.kind === 'partitioned_table'
}

function rootOf(oid: number, parents: ReadonlyMap<number, number>): number {
  for (let at = oid; ; ) {
    const parent = parents.get(at)
    if (parent === undefined) return at
    at = parent
  }
}
