import type { Marks } from './marks.ts'

/** What the catalog holds, in the form it is kept in memory. Names are PostgreSQL's. */

export type RelationKind =
  | 'table'
  | 'partitioned_table'
  | 'view'
  | 'materialized_view'
  | 'foreign_table'
  | 'sequence'
  | 'composite_type'
  | 'index'
  | 'toast'

export interface Attribute {
  readonly number: number
  readonly name: string
  readonly type: number
  /** The default or generation expression as SQL, with every name qualified. */
  readonly expression: string | null
  /** The expression is computed at every write, not only where no value is given. */
  readonly generated: boolean
}

export interface Relation {
  readonly oid: number
  readonly schema: string
  readonly name: string
  readonly kind: RelationKind
  readonly rowType: number
  /** The table behind an index or a TOAST table; 0 for others. */
  readonly owner: number
  /** The table with the long values of this one; 0: none. */
  readonly toast: number
  readonly attributes: readonly Attribute[]
  /** In pg_catalog, information_schema or pg_toast, as shipped. */
  readonly system: boolean
  /** Row-level security is in force for this role. */
  readonly rowSecurity: boolean
}

export interface Index {
  readonly oid: number
  readonly schema: string
  readonly name: string
  readonly owner: number
}

export interface View {
  readonly relation: number
  /** The SELECT behind a view or materialised view, with every name qualified. */
  readonly query: string
}

export interface Rule {
  readonly relation: number
  readonly name: string
  readonly definition: string
}

/** https://www.postgresql.org/docs/current/catalog-pg-trigger.html; the bits of `type` are those of tgtype. */
export interface Trigger {
  readonly relation: number
  readonly name: string
  readonly routine: number
  readonly type: number
  /** CREATE TRIGGER …, only where it has a WHEN, is deferrable or names transition tables. */
  readonly definition: string | null
}

/** An expression that the server runs when rows of a relation are written, or read (row security). */
export interface AttachedExpression {
  readonly relation: number
  readonly name: string
  readonly on: 'write' | 'read'
  readonly sql: string
}

/** A foreign key that writes to `relation` when a row of `referenced` goes or changes. */
export interface Cascade {
  readonly name: string
  readonly relation: number
  readonly referenced: number
  readonly onDelete: 'update' | 'delete' | null
  readonly onUpdate: 'update' | null
}

export interface Routine {
  readonly oid: number
  readonly schema: string
  readonly name: string
  readonly kind: 'function' | 'procedure' | 'aggregate' | 'window'
  readonly volatility: 'immutable' | 'stable' | 'volatile'
  readonly language: string
  /** Types of the input arguments, as the call gives them. */
  readonly argumentTypes: readonly number[]
  readonly argumentNames: readonly (string | null)[]
  readonly defaults: number
  /** The expressions of these, comma-separated; null where there are none, and for built-in ones. */
  readonly defaultsSql: string | null
  readonly variadic: boolean
  readonly returnsSet: boolean
  readonly returnType: number
  /** OUT, INOUT and TABLE columns; empty where there are none. */
  readonly outputs: readonly { readonly name: string; readonly type: number }[]
  readonly builtin: boolean
  readonly extension: string | null
  /** The text of a body in SQL or PL/pgSQL; null for built-in ones and other languages. */
  readonly body: string | null
  /** `body` is BEGIN ATOMIC … END or RETURN …, whose names were resolved when it was created. */
  readonly atomic: boolean
  /** name=value settings in force while it runs. */
  readonly settings: readonly string[]
  readonly securityDefiner: boolean
  /** SHA-256 (hex) of everything that makes it what it is; empty for built-in ones. */
  readonly hash: string
  /** For an aggregate: the functions it is made of, unless built in. */
  readonly parts: readonly number[]
  /** The server's own code that makes a range or a multirange of its bounds. */
  readonly makesRange: boolean
}

export interface Type {
  readonly oid: number
  readonly schema: string
  readonly name: string
  readonly kind: 'base' | 'composite' | 'domain' | 'enum' | 'pseudo' | 'range' | 'multirange'
  /** The composite type's entry among the relations, else 0. */
  readonly relation: number
  readonly element: number
  readonly base: number
  /** What a range is over, and the range of a multirange; else 0. */
  readonly subtype: number
  /** Making a range of it runs functions that were not shipped with the server: to compare its bounds, say. */
  readonly runsOwn: boolean
  /** CHECK constraints of a domain, as SQL over VALUE. */
  readonly checks: readonly string[]
}

export interface Operator {
  readonly schema: string
  readonly name: string
  readonly left: number
  readonly right: number
  readonly routine: number
}

export interface Cast {
  readonly source: number
  readonly target: number
  /** 0: none, the bytes are the same or go through text. */
  readonly routine: number
  /** Where it is used without being asked for. */
  readonly context: 'explicit' | 'assignment' | 'implicit'
}

export interface EventTrigger {
  readonly name: string
  readonly event: string
  readonly routine: number
  readonly tags: readonly string[] | null
}

export interface Role {
  readonly name: string
  /** Schemas it may not look into: the server skips them in its search path. */
  readonly hiddenSchemas: ReadonlySet<string>
}

export interface Definitions {
  /** Of the server, e.g. 180004. */
  readonly serverVersion: number
  readonly loginRole: string
  /** By which a change is told. */
  readonly marks: Marks
  readonly schemas: readonly string[]
  readonly relations: readonly Relation[]
  readonly indexes: readonly Index[]
  readonly inheritance: readonly (readonly [child: number, parent: number])[]
  readonly views: readonly View[]
  readonly rules: readonly Rule[]
  readonly triggers: readonly Trigger[]
  readonly expressions: readonly AttachedExpression[]
  readonly cascades: readonly Cascade[]
  readonly routines: readonly Routine[]
  readonly types: readonly Type[]
  readonly operators: readonly Operator[]
  readonly casts: readonly Cast[]
  readonly eventTriggers: readonly EventTrigger[]
  readonly roles: readonly Role[]
}
