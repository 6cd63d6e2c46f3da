import { ColumnSources, type LabelRules } from './column-sources.ts'
import type {
  AttachedExpression,
  Cascade,
  Definitions,
  Operator,
  Relation,
  Routine,
  Rule,
  Trigger,
  Type,
} from './definitions.ts'
import type { Relations } from './relations.ts'
import type { Overlay, SnapshotOptions } from './snapshot-options.ts'
import { SnapshotParts } from './snapshot-parts.ts'
import { noTemporaries, type QueryInText, TEMPORARY_SCHEMA, type Temporaries } from './temporaries.ts'
import { TemporaryColumns } from './temporary-columns.ts'

/** One column of one relation, as facts and lineage name it. One object per column and snapshot. */
export interface Source {
  readonly relationOid: number
  readonly attribute: number
  readonly schema: string
  readonly relation: string
  readonly column: string
  readonly labels: readonly string[]
}

const none: readonly never[] = []

/**
 * What names mean on one target at one moment. Immutable; a change of the catalog makes a new one. Everything derived
 * from it (a view's columns, what a trigger does) may be kept in `memo` for as long as the snapshot lives.
 */
export class CatalogSnapshot {
  /** What it was made of. */
  readonly definitions: Definitions
  readonly labels: LabelRules
  readonly version: number
  readonly loginRole: string
  readonly memo = new Map<string, unknown>()
  readonly relations: Relations
  readonly #parts: SnapshotParts
  readonly #columns: ColumnSources
  readonly #options: SnapshotOptions
  readonly #base: CatalogSnapshot | null
  /** The session's temporary relations. */
  readonly temporary: TemporaryColumns
  readonly #overlays = new WeakMap<Temporaries, CatalogSnapshot>()

  constructor(definitions: Definitions, options: SnapshotOptions, overlay?: Overlay | null, parts?: SnapshotParts) {
    this.version = options.version
    this.definitions = definitions
    this.labels = options.labels
    this.loginRole = definitions.loginRole
    this.#options = options
    this.#base = overlay?.base ?? null
    this.temporary = new TemporaryColumns(overlay?.temporaries ?? noTemporaries)
    this.#parts = parts ?? (overlay ? overlay.base.#parts : new SnapshotParts(definitions))
    this.relations = overlay ? this.temporary.over(this.#parts.relations) : this.#parts.relations
    this.#columns = new ColumnSources({
      relations: this.relations,
      inheritance: this.#parts.inheritance,
      types: this.#parts.names.types,
      labels: options.labels,
      temporary: ({ oid }, attribute) => this.temporary.carriedBy(oid, attribute).labels,
      viewSources: (relation) => options.viewSources?.(this, relation) ?? none,
    })
  }

  /** The same with a session's temporary relations in the schema `pg_temp`. */
  withTemporaries(temporaries: Temporaries | undefined): CatalogSnapshot {
    if (temporaries === undefined || temporaries === noTemporaries) return this
    let overlay = this.#overlays.get(temporaries)
    if (overlay === undefined) {
      overlay = new CatalogSnapshot(this.definitions, this.#options, { base: this, temporaries })
      this.#overlays.set(temporaries, overlay)
    }
    return overlay
  }

  /** The same by other labels. Of many relations all that does not depend on labels takes a while, and is not made again. */
  relabelled(labels: LabelRules, version: number): CatalogSnapshot {
    return new CatalogSnapshot(this.definitions, { ...this.#options, labels, version }, null, this.#parts)
  }

  /** As if no trigger fired and no foreign key wrote elsewhere: for what is planned or read, never for what is to run. */
  withoutTriggers(): CatalogSnapshot {
    const overlay = { base: this, temporaries: noTemporaries }
    return new CatalogSnapshot(this.definitions, { ...this.#options, quiet: true }, overlay)
  }

  hasSchema(name: string): boolean {
    return this.#parts.paths.hasSchema(name)
  }

  relation(schema: string, name: string): Relation | undefined {
    return this.relations.named(schema, name)
  }

  /** Everything in a schema but what belongs to a table: indexes, TOAST tables and the types of rows. */
  relationsIn(schema: string): readonly Relation[] {
    return this.relations.in(schema).filter(({ kind }) => !['index', 'toast', 'composite_type'].includes(kind))
  }

  relationByOid(oid: number): Relation | undefined {
    return this.relations.byOid(oid)
  }

  relationByRowType(type: number): Relation | undefined {
    return this.relations.byRowType(type)
  }

  viewQuery(oid: number): string | QueryInText | undefined {
    return this.#parts.attached.views.get(oid) ?? this.temporary.viewQuery(oid)
  }

  rulesOf(oid: number): readonly Rule[] {
    return this.#parts.attached.rules.get(oid) ?? none
  }

  triggersOf(oid: number): readonly Trigger[] {
    return this.#options.quiet ? none : (this.#parts.attached.triggers.get(oid) ?? none)
  }

  expressionsOf(oid: number): readonly AttachedExpression[] {
    return this.#parts.attached.expressions.get(oid) ?? none
  }

  cascadesFrom(oid: number): readonly Cascade[] {
    return this.#options.quiet ? none : (this.#parts.attached.cascades.get(oid) ?? none)
  }

  childrenOf(oid: number): readonly number[] {
    return this.#parts.inheritance.childrenOf(oid)
  }

  /** Foreign tables whose rows are read and written through this one. */
  foreignBelow(oid: number): readonly Relation[] {
    return this.#parts.inheritance.below(oid).flatMap((member) => {
      const relation = this.relations.byOid(member)
      return relation?.kind === 'foreign_table' ? [relation] : []
    })
  }

  /** Every function of that name, in any schema. */
  routines(name: string): readonly Routine[] {
    return this.#parts.names.routineNames.get(name) ?? none
  }

  routineByOid(oid: number): Routine | undefined {
    return this.#parts.names.routines.get(oid)
  }

  types(name: string): readonly Type[] {
    return this.#parts.names.typeNames.get(name) ?? none
  }

  typeByOid(oid: number): Type | undefined {
    return this.#parts.names.types.get(oid)
  }

  /** What a domain is made over; any other type itself. */
  baseType(oid: number): number {
    const type = this.#parts.names.types.get(oid)
    return type?.kind === 'domain' ? this.baseType(type.base) : oid
  }

  /** Operators that were not shipped with the server. */
  operators(name: string): readonly Operator[] {
    return this.#parts.names.operators.get(name) ?? none
  }

  /** The schemas that are searched for this role, in order, `pg_temp` among them; null: that cannot be known. */
  schemasOnPath(searchPath: string | null, role: string): readonly string[] | null {
    return this.#parts.paths.schemasOn(searchPath, role)
  }

  /** One entry per attribute, in order. */
  sourcesOf(relation: Relation): readonly Source[] {
    if (this.#base !== null && relation.schema !== TEMPORARY_SCHEMA) return this.#base.sourcesOf(relation)
    return this.#columns.sourcesOf(relation)
  }

  /** Labels of a base column, those of its parents, its children and, for a view, of what is behind it. */
  labelsOf(oid: number, attribute: number): readonly string[] {
    const relation = this.relations.byOid(oid)
    const sources = relation === undefined ? none : this.sourcesOf(relation)
    return sources.find((source) => source.attribute === attribute)?.labels ?? none
  }

  /** Its columns that are not labelled alike in all its partitions, parents and children. */
  sourcesUnlikeFamily(relation: Relation): readonly Source[] {
    return this.#columns.unlikeFamily(relation)
  }

  /** SHA-256 (hex) of what a relation is: its columns, rules, triggers and attached expressions. */
  definitionHash(oid: number): string {
    const key = `hash ${oid}`
    const known = this.memo.get(key) as string | undefined
    const hash = known ?? this.#parts.hashOf(oid, this.relations, this.viewQuery(oid))
    this.memo.set(key, hash)
    return hash
  }
}
