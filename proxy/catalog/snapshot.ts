import { createHash } from 'node:crypto'
import type {
  AttachedExpression,
  Attribute,
  Cascade,
  Cast,
  Definitions,
  EventTrigger,
  Operator,
  Relation,
  Role,
  Routine,
  Rule,
  Trigger,
  Type,
} from './definitions.ts'
import { parseSearchPath } from './search-path.ts'

/** Which labels a column carries by rule: from the label file, or by its name. */
export interface LabelRules {
  labelsFor(column: {
    readonly schema: string
    readonly relation: string
    readonly column: string
    readonly type: string
  }): readonly string[]
}

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
  readonly version: number
  readonly serverVersion: number
  readonly loginRole: string
  readonly memo = new Map<string, unknown>()
  readonly casts: readonly Cast[]
  readonly eventTriggers: readonly EventTrigger[]
  readonly #labelRules: LabelRules
  readonly #viewSources: ViewSources
  readonly #schemas: ReadonlySet<string>
  readonly #relations = new Map<number, Relation>()
  readonly #relationNames = new Map<string, Map<string, Relation>>()
  readonly #rowTypes = new Map<number, Relation>()
  readonly #parents = new Map<number, number[]>()
  readonly #children = new Map<number, number[]>()
  readonly #views: ReadonlyMap<number, string>
  readonly #rules: ReadonlyMap<number, readonly Rule[]>
  readonly #triggers: ReadonlyMap<number, readonly Trigger[]>
  readonly #expressions: ReadonlyMap<number, readonly AttachedExpression[]>
  readonly #cascades: ReadonlyMap<number, readonly Cascade[]>
  readonly #routines = new Map<number, Routine>()
  readonly #routineNames: ReadonlyMap<string, readonly Routine[]>
  readonly #types = new Map<number, Type>()
  readonly #typeNames: ReadonlyMap<string, readonly Type[]>
  readonly #operators: ReadonlyMap<string, readonly Operator[]>
  readonly #roles: ReadonlyMap<string, Role>
  readonly #paths = new Map<string, readonly string[] | null>()
  readonly #sources = new Map<number, readonly Source[]>()

  constructor(definitions: Definitions, { labels, version, viewSources }: SnapshotOptions) {
    this.version = version
    this.#viewSources = viewSources ?? (() => none)
    this.serverVersion = definitions.serverVersion
    this.loginRole = definitions.loginRole
    this.casts = definitions.casts
    this.eventTriggers = definitions.eventTriggers
    this.#labelRules = labels
    this.#schemas = new Set(definitions.schemas)
    for (const relation of definitions.relations) this.#addRelation(relation)
    for (const [child, parent] of definitions.inheritance) {
      append(this.#parents, child, parent)
      append(this.#children, parent, child)
    }
    this.#views = new Map(definitions.views.map((view) => [view.relation, view.query]))
    this.#rules = grouped(definitions.rules, (rule) => rule.relation)
    this.#triggers = grouped(definitions.triggers, (trigger) => trigger.relation)
    this.#expressions = grouped(definitions.expressions, (expression) => expression.relation)
    this.#cascades = grouped(definitions.cascades, (cascade) => cascade.referenced)
    for (const routine of definitions.routines) this.#routines.set(routine.oid, routine)
    this.#routineNames = grouped(definitions.routines, (routine) => routine.name)
    for (const type of definitions.types) this.#types.set(type.oid, type)
    this.#typeNames = grouped(definitions.types, (type) => type.name)
    this.#operators = grouped(definitions.operators, (operator) => operator.name)
    this.#roles = new Map(definitions.roles.map((role) => [role.name, role]))
  }

  hasSchema(name: string): boolean {
    return this.#schemas.has(name)
  }

  relation(schema: string, name: string): Relation | undefined {
    return this.#relationNames.get(schema)?.get(name)
  }

  /** Everything in a schema but what belongs to a table: indexes, TOAST tables and the types of rows. */
  relationsIn(schema: string): readonly Relation[] {
    const hidden = new Set(['index', 'toast', 'composite_type'])
    return [...(this.#relationNames.get(schema)?.values() ?? none)].filter(({ kind }) => !hidden.has(kind))
  }

  relationByOid(oid: number): Relation | undefined {
    return this.#relations.get(oid)
  }

  relationByRowType(type: number): Relation | undefined {
    return this.#rowTypes.get(type)
  }

  viewQuery(oid: number): string | undefined {
    return this.#views.get(oid)
  }

  rulesOf(oid: number): readonly Rule[] {
    return this.#rules.get(oid) ?? none
  }

  triggersOf(oid: number): readonly Trigger[] {
    return this.#triggers.get(oid) ?? none
  }

  expressionsOf(oid: number): readonly AttachedExpression[] {
    return this.#expressions.get(oid) ?? none
  }

  cascadesFrom(oid: number): readonly Cascade[] {
    return this.#cascades.get(oid) ?? none
  }

  childrenOf(oid: number): readonly number[] {
    return this.#children.get(oid) ?? none
  }

  /** Foreign tables whose rows are read and written through this one. */
  foreignBelow(oid: number): readonly Relation[] {
    const key = `foreign ${oid}`
    let found = this.memo.get(key) as readonly Relation[] | undefined
    if (found === undefined) {
      found = [...closure(this.#children, oid)].flatMap((member) => {
        const relation = member === oid ? undefined : this.#relations.get(member)
        return relation?.kind === 'foreign_table' ? [relation] : []
      })
      this.memo.set(key, found)
    }
    return found
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

  /**
   * The schemas that are searched for this role, in order, `pg_temp` among them where it is.
   * @returns null when that cannot be known
   */
  schemasOnPath(searchPath: string | null, role: string): readonly string[] | null {
    if (searchPath === null) return null
    const key = `${role}\0${searchPath}`
    let path = this.#paths.get(key)
    if (path === undefined) {
      path = this.#computePath(searchPath, role)
      this.#paths.set(key, path)
    }
    return path
  }

  /** One entry per attribute, in order. */
  sourcesOf(relation: Relation): readonly Source[] {
    let sources = this.#sources.get(relation.oid)
    if (sources === undefined) {
      const of = (behind: readonly (readonly Source[])[]) =>
        relation.attributes.map((attribute, index) => this.#source(relation, attribute, behind[index] ?? none))
      // A view whose query comes back to it finds its own columns, without what is behind them.
      this.#sources.set(relation.oid, of(none))
      sources = of(this.#viewSources(this, relation))
      this.#sources.set(relation.oid, sources)
    }
    return sources
  }

  /** Labels of a base column, those of its parents, its children and, for a view, of what is behind it. */
  labelsOf(oid: number, attribute: number): readonly string[] {
    const relation = this.#relations.get(oid)
    if (relation === undefined) return none
    return this.sourcesOf(relation).find((source) => source.attribute === attribute)?.labels ?? none
  }

  /** SHA-256 (hex) of what a relation is: its columns, rules, triggers and attached expressions. */
  definitionHash(oid: number): string {
    const key = `hash ${oid}`
    let hash = this.memo.get(key) as string | undefined
    if (hash === undefined) {
      const parts = [
        this.#relations.get(oid),
        this.#views.get(oid),
        this.rulesOf(oid),
        this.triggersOf(oid),
        this.expressionsOf(oid),
        this.cascadesFrom(oid),
        this.#parents.get(oid),
        this.#children.get(oid),
      ]
      hash = createHash('sha256').update(JSON.stringify(parts)).digest('hex')
      this.memo.set(key, hash)
    }
    return hash
  }

  #addRelation(relation: Relation): void {
    this.#relations.set(relation.oid, relation)
    if (relation.rowType !== 0) this.#rowTypes.set(relation.rowType, relation)
    let names = this.#relationNames.get(relation.schema)
    if (names === undefined) {
      names = new Map()
      this.#relationNames.set(relation.schema, names)
    }
    names.set(relation.name, relation)
  }

  #computePath(searchPath: string, role: string): readonly string[] | null {
    const names = parseSearchPath(searchPath)
    const known = this.#roles.get(role)
    if (names === null || known === undefined) return null
    const listed = names
      .map((name) => (name === '$user' ? role : name))
      .filter((name) => name === 'pg_temp' || (this.#schemas.has(name) && !known.hiddenSchemas.has(name)))
    const implicit = ['pg_temp', 'pg_catalog'].filter((name) => !listed.includes(name))
    return [...implicit, ...listed]
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
    if (relation.system && relation.kind !== 'toast') return none
    const labels = new Set<string>()
    const family = relation.kind === 'toast' ? [relation.owner] : this.#family(relation.oid)
    for (const oid of family) {
      const member = this.#relations.get(oid)
      for (const other of member?.attributes ?? none) {
        // A TOAST table holds pieces of any of its table's values.
        if (other.name !== attribute.name && relation.kind !== 'toast') continue
        for (const label of this.#ruled(member as Relation, other)) labels.add(label)
      }
    }
    return labels.size === 0 ? none : [...labels].sort()
  }

  /** The relation and all it inherits from or is inherited by: a row of one can be read through another. */
  #family(oid: number): ReadonlySet<number> {
    const family = new Set([oid])
    for (const links of [this.#parents, this.#children]) for (const member of closure(links, oid)) family.add(member)
    return family
  }

  #ruled(relation: Relation, attribute: Attribute): readonly string[] {
    return this.#labelRules.labelsFor({
      schema: relation.schema,
      relation: relation.name,
      column: attribute.name,
      type: this.#types.get(attribute.type)?.name ?? '',
    })
  }
}

function closure(links: ReadonlyMap<number, readonly number[]>, oid: number): ReadonlySet<number> {
  const found = new Set([oid])
  for (const member of found) for (const next of links.get(member) ?? none) found.add(next)
  return found
}

function append<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const list = map.get(key)
  if (list === undefined) map.set(key, [value])
  else list.push(value)
}

function grouped<K, V>(values: readonly V[], keyOf: (value: V) => K): ReadonlyMap<K, readonly V[]> {
  const groups = new Map<K, V[]>()
  for (const value of values) append(groups, keyOf(value), value)
  return groups
}
