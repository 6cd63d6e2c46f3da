import { createHash } from 'node:crypto'
import { Attachments } from './attachments.ts'
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
import { grouped } from './grouping.ts'
import { Inheritance } from './inheritance.ts'
import { Relations } from './relations.ts'
import { SearchPaths } from './search-paths.ts'

/** One column of one relation, as facts and lineage name it. One object per column and snapshot. */
export interface Source {
  readonly relationOid: number
  readonly attribute: number
  readonly schema: string
  readonly relation: string
  readonly column: string
  readonly labels: readonly string[]
}

/** For each column of a view, the base columns behind it. Known to proxy/sql, which reads the view's query. */
export type ViewSources = (snapshot: CatalogSnapshot, relation: Relation) => readonly (readonly Source[])[]

export interface SnapshotOptions {
  readonly labels: LabelRules
  readonly version: number
  readonly viewSources?: ViewSources
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
  readonly #inheritance: Inheritance
  readonly #attached: Attachments
  readonly #routines = new Map<number, Routine>()
  readonly #routineNames: ReadonlyMap<string, readonly Routine[]>
  readonly #types = new Map<number, Type>()
  readonly #typeNames: ReadonlyMap<string, readonly Type[]>
  readonly #operators: ReadonlyMap<string, readonly Operator[]>
  readonly #paths: SearchPaths
  readonly #columns: ColumnSources

  constructor(definitions: Definitions, { labels, version, viewSources }: SnapshotOptions) {
    this.version = version
    this.definitions = definitions
    this.labels = labels
    this.loginRole = definitions.loginRole
    this.#paths = new SearchPaths(definitions.schemas, definitions.roles)
    this.relations = new Relations(definitions.relations)
    const { byOid } = this.relations
    this.#inheritance = new Inheritance(definitions.inheritance, (oid) => byOid.get(oid)?.kind === 'partitioned_table')
    this.#attached = new Attachments(definitions)
    for (const routine of definitions.routines) this.#routines.set(routine.oid, routine)
    this.#routineNames = grouped(definitions.routines, (routine) => routine.name)
    for (const type of definitions.types) this.#types.set(type.oid, type)
    this.#typeNames = grouped(definitions.types, (type) => type.name)
    this.#operators = grouped(definitions.operators, (operator) => operator.name)
    this.#columns = new ColumnSources({
      relations: this.relations.byOid,
      inheritance: this.#inheritance,
      types: this.#types,
      labels,
      viewSources: (relation) => viewSources?.(this, relation) ?? none,
    })
  }

  hasSchema(name: string): boolean {
    return this.#paths.hasSchema(name)
  }

  relation(schema: string, name: string): Relation | undefined {
    return this.relations.named(schema, name)
  }

  /** Everything in a schema but what belongs to a table: indexes, TOAST tables and the types of rows. */
  relationsIn(schema: string): readonly Relation[] {
    return this.relations.in(schema).filter(({ kind }) => !['index', 'toast', 'composite_type'].includes(kind))
  }

  relationByOid(oid: number): Relation | undefined {
    return this.relations.byOid.get(oid)
  }

  relationByRowType(type: number): Relation | undefined {
    return this.relations.byRowType.get(type)
  }

  viewQuery(oid: number): string | undefined {
    return this.#attached.views.get(oid)
  }

  rulesOf(oid: number): readonly Rule[] {
    return this.#attached.rules.get(oid) ?? none
  }

  triggersOf(oid: number): readonly Trigger[] {
    return this.#attached.triggers.get(oid) ?? none
  }

  expressionsOf(oid: number): readonly AttachedExpression[] {
    return this.#attached.expressions.get(oid) ?? none
  }

  cascadesFrom(oid: number): readonly Cascade[] {
    return this.#attached.cascades.get(oid) ?? none
  }

  childrenOf(oid: number): readonly number[] {
    return this.#inheritance.childrenOf(oid)
  }

  /** Foreign tables whose rows are read and written through this one. */
  foreignBelow(oid: number): readonly Relation[] {
    return this.#inheritance.below(oid).flatMap((member) => {
      const relation = this.relations.byOid.get(member)
      return relation?.kind === 'foreign_table' ? [relation] : []
    })
  }

  /** Every function of that name, in any schema. */
  routines(name: string): readonly Routine[] {
    return this.#routineNames.get(name) ?? none
  }

  routineByOid(oid: number): Routine | undefined {
    return this.#routines.get(oid)
  }

  types(name: string): readonly Type[] {
    return this.#typeNames.get(name) ?? none
  }

  typeByOid(oid: number): Type | undefined {
    return this.#types.get(oid)
  }

  /** What a domain is made over; any other type itself. */
  baseType(oid: number): number {
    const type = this.#types.get(oid)
    return type?.kind === 'domain' ? this.baseType(type.base) : oid
  }

  /** Operators that were not shipped with the server. */
  operators(name: string): readonly Operator[] {
    return this.#operators.get(name) ?? none
  }

  /** The schemas that are searched for this role, in order, `pg_temp` among them; null: that cannot be known. */
  schemasOnPath(searchPath: string | null, role: string): readonly string[] | null {
    return this.#paths.schemasOn(searchPath, role)
  }

  /** One entry per attribute, in order. */
  sourcesOf(relation: Relation): readonly Source[] {
    return this.#columns.sourcesOf(relation)
  }

  /** Labels of a base column, those of its parents, its children and, for a view, of what is behind it. */
  labelsOf(oid: number, attribute: number): readonly string[] {
    const relation = this.relations.byOid.get(oid)
    if (relation === undefined) return none
    return this.sourcesOf(relation).find((source) => source.attribute === attribute)?.labels ?? none
  }

  /** SHA-256 (hex) of what a relation is: its columns, rules, triggers and attached expressions. */
  definitionHash(oid: number): string {
    const key = `hash ${oid}`
    let hash = this.memo.get(key) as string | undefined
    if (hash === undefined) {
      const parts = [
        this.relations.byOid.get(oid),
        this.#attached.views.get(oid),
        this.rulesOf(oid),
        this.triggersOf(oid),
        this.expressionsOf(oid),
        this.cascadesFrom(oid),
        ...this.#inheritance.linksOf(oid),
      ]
      hash = createHash('sha256').update(JSON.stringify(parts)).digest('hex')
      this.memo.set(key, hash)
    }
    return hash
  }
}
