import type { Attribute, Relation, Type } from './definitions.ts'
import type { Inheritance } from './inheritance.ts'
import type { Relations } from './relations.ts'
import type { Source } from './snapshot.ts'
import { TEMPORARY_SCHEMA } from './temporaries.ts'

/** Which labels a column carries by rule: from the label file, or by its name. */
export interface LabelRules {
  /** With its OID and number also for what it was called before (former-labels.ts). */
  labelsFor(column: NamedColumn & { readonly relationOid?: number; readonly attribute?: number }): readonly string[]
  /** Reviewed: what it was called before does not count. */
  isCleared?(column: NamedColumn): boolean
}

export interface NamedColumn {
  readonly schema: string
  readonly relation: string
  readonly column: string
  /** As PostgreSQL calls it. */
  readonly type: string
}

export interface ColumnSourcesOptions {
  readonly relations: Relations
  /** Labels of temporary relations' columns, which go by what was written there and not by their names. */
  readonly temporary: (relation: Relation, attribute: number) => readonly string[]
  readonly inheritance: Inheritance
  readonly types: ReadonlyMap<number, Type>
  readonly labels: LabelRules
  /** For each column of a view, the base columns behind it. */
  readonly viewSources: (relation: Relation) => readonly (readonly Source[])[]
}

const none: readonly never[] = []

/** The columns of each relation with the labels they carry: by rule, from their family, and from what is behind them. */
export class ColumnSources {
  readonly #options: ColumnSourcesOptions
  readonly #sources = new Map<number, readonly Source[]>()

  constructor(options: ColumnSourcesOptions) {
    this.#options = options
  }

  /** One entry per attribute, in order. */
  sourcesOf(relation: Relation): readonly Source[] {
    let sources = this.#sources.get(relation.oid)
    if (sources === undefined) {
      const of = (behind: readonly (readonly Source[])[]) =>
        relation.attributes.map((attribute, index) => this.#source(relation, attribute, behind[index] ?? none))
      // A view whose query comes back to it finds its own columns, without what is behind them.
      this.#sources.set(relation.oid, of(none))
      sources = of(this.#options.viewSources(relation))
      this.#sources.set(relation.oid, sources)
    }
    return sources
  }

  #source(relation: Relation, attribute: Attribute, behind: readonly Source[]): Source {
    const inherited = behind.flatMap((source) => source.labels)
    const labels = this.#labels(relation, attribute)
    return {
      relationOid: relation.oid,
      attribute: attribute.number,
      schema: relation.schema,
      relation: relation.name,
      column: attribute.name,
      labels: inherited.length === 0 ? labels : [...new Set([...labels, ...inherited])].sort(),
    }
  }

  #labels(relation: Relation, attribute: Attribute): readonly string[] {
    if (relation.schema === TEMPORARY_SCHEMA) return this.#options.temporary(relation, attribute.number)
    if (relation.system && relation.kind !== 'toast') return none
    const labels = new Set<string>()
    const family = relation.kind === 'toast' ? [relation.owner] : this.#options.inheritance.familyOf(relation.oid)
    for (const oid of family) {
      const member = this.#options.relations.byOid(oid)
      for (const other of member?.attributes ?? none) {
        // A TOAST table holds pieces of any of its table's values.
        if (other.name !== attribute.name && relation.kind !== 'toast') continue
        for (const label of this.#ruled(member as Relation, other)) labels.add(label)
      }
    }
    return labels.size === 0 ? none : [...labels].sort()
  }

  /** Those that have labels only by their family, or give some to it: rows of one may lie in another. */
  unlikeFamily(relation: Relation): readonly Source[] {
    const family = [...this.#options.inheritance.familyOf(relation.oid)].flatMap(
      (oid) => this.#options.relations.byOid(oid) ?? none,
    )
    const alike = (name: string) => {
      const labels = family.flatMap((member) =>
        member.attributes
          .filter((each) => each.name === name)
          .map((each) => this.#options.labels.labelsFor(this.#named(member, each)).toSorted().join()),
      )
      return new Set(labels).size < 2
    }
    return this.sourcesOf(relation).filter(({ column }) => !alike(column))
  }

  #ruled(relation: Relation, attribute: Attribute): readonly string[] {
    const itself = { relationOid: relation.oid, attribute: attribute.number }
    return this.#options.labels.labelsFor({ ...this.#named(relation, attribute), ...itself })
  }

  #named(relation: Relation, attribute: Attribute): NamedColumn {
    const type = this.#options.types.get(attribute.type)?.name ?? ''
    return { schema: relation.schema, relation: relation.name, column: attribute.name, type }
  }
}
