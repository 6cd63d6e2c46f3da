import type { Access, Relation as RelationFact } from '../../policies/input.ts'
import type { Relation } from '../catalog/definitions.ts'
import type { CatalogSnapshot } from '../catalog/snapshot.ts'
import { TEMPORARY_SCHEMA, type Temporaries } from '../catalog/temporaries.ts'
import type { Remembered } from '../gate.ts'
import type { DefinitionChange } from './definition-change.ts'
import type { NamedRelation } from './names.ts'
import { Recorder } from './recorder.ts'

/** What a session knows that changes what names mean. */
export interface NameContext {
  readonly snapshot: CatalogSnapshot
  /** As the server reports it; null: not known, and then nothing unqualified resolves. */
  readonly searchPath: string | null
  readonly role: string
  readonly temporaryRelations: ReadonlySet<string>
  /** What is known of them. */
  readonly temporaries?: Temporaries
  /** What the open transaction, or the text so far, has changed about names. */
  readonly uncommitted?: readonly DefinitionChange[]
  preparedStatement(name: string): Remembered | undefined
  cursor(name: string): Remembered | undefined
}

/** One walk: of a statement, or of the view, function or trigger that it leads to. */
export interface Context {
  readonly names: NameContext
  /** The session's own: what a function's body is read with, wherever the call stands. */
  readonly session: NameContext
  readonly snapshot: CatalogSnapshot
  /** Schemas in the order they are searched; null when that is not known. */
  readonly path: readonly string[] | null
  readonly record: Recorder
  /** The nodes that were looked at, to be held against the tree's inventory. */
  readonly seen: Set<object>
  readonly budget: Budget
  /** The views, functions and triggers this walk is inside of. */
  readonly inside: readonly string[]
  /** In a rule: what RETURNING gives stands where the columns of another relation are expected. */
  readonly inRule?: true
  /** In a condition that decides what else of an expression is looked at: CASE WHEN, AND, OR. */
  readonly decides?: true
  /** Where given: takes up what the names of relations in the text itself were found to mean. */
  readonly named?: NamedRelations
  /** Takes up what a DO changes about names. */
  readonly changes?: DefinitionChange[]
}

/** By RangeVar or TypeName. */
export type NamedRelations = Map<object, NamedRelation>

/**
 * Bounds the work on one text, so that a small statement over deeply nested views or recursive queries cannot take
 * more than its share. Running out is a refusal.
 */
export interface Budget {
  left: number
}

export class BudgetSpent extends Error {}

export function spend(context: Context, amount = 1): void {
  context.budget.left -= amount
  if (context.budget.left < 0) throw new BudgetSpent()
}

const INSIDE_MAX = 24

/** @returns null when it is being looked into already, or lies too deep */
export function enter(
  context: Context,
  what: string,
  names: NameContext,
): (Context & { readonly record: Recorder }) | null {
  if (context.inside.length >= INSIDE_MAX || context.inside.includes(what)) return null
  return {
    names,
    session: context.session,
    snapshot: context.snapshot,
    path: names.snapshot.schemasOnPath(names.searchPath, names.role),
    record: new Recorder(),
    seen: new Set(),
    budget: context.budget,
    inside: [...context.inside, what],
  }
}

/** How the catalog's own texts are read: every name in them is qualified, or in pg_catalog. */
export function qualifiedNames({ snapshot, role, uncommitted = [] }: NameContext): NameContext {
  return {
    snapshot,
    searchPath: '',
    role,
    temporaryRelations: new Set(),
    uncommitted,
    preparedStatement: () => undefined,
    cursor: () => undefined,
  }
}

export function recordRelation(context: Context, relation: Relation, access: readonly Access[]): void {
  context.record.relation(relation.oid, access, () => relationFact(context.snapshot, relation))
  if (!relation.system) context.record.definition(relation.oid, context.snapshot.definitionHash(relation.oid))
  if (relation.kind === 'foreign_table') {
    context.record.effect('external')
    context.record.external({ kind: 'network', detail: `foreign table ${relation.schema}.${relation.name}` })
  }
}

type KnownRelation = Omit<RelationFact, 'access'>

function relationFact(snapshot: CatalogSnapshot, relation: Relation): KnownRelation {
  const key = `fact ${relation.oid}`
  let fact = snapshot.memo.get(key) as KnownRelation | undefined
  if (fact === undefined) {
    const labels = new Set(snapshot.sourcesOf(relation).flatMap((source) => source.labels))
    const { schema, name, system } = relation
    fact = {
      schema,
      name,
      kind: publicKind(relation),
      system,
      temporary: schema === TEMPORARY_SCHEMA,
      through: [],
      labels: [...labels].sort(),
    }
    snapshot.memo.set(key, fact)
  }
  return fact
}

function publicKind({ kind }: Relation): RelationFact['kind'] {
  return kind === 'composite_type' || kind === 'index' || kind === 'toast' ? 'unknown' : kind
}

/** @param labels of what it holds once the statement has run */
export function recordTemporary(
  context: Context,
  name: string,
  access: readonly Access[],
  labels: readonly string[] = [],
): void {
  context.record.relation(`temporary ${name}`, access, () => ({
    schema: TEMPORARY_SCHEMA,
    name,
    kind: 'table',
    system: false,
    temporary: true,
    through: [],
    labels,
  }))
}

/** A relation that does not exist: named for the policy, and nothing is concluded from it. */
export function recordMissing(
  context: Context,
  { schema, name }: { readonly schema: string; readonly name: string },
  access: readonly Access[],
  kind: 'unknown' | 'missing' = 'unknown',
): void {
  context.record.relation(`missing ${schema}.${name}`, access, () => ({
    schema,
    name,
    kind,
    system: false,
    temporary: false,
    through: [],
    labels: [],
  }))
}
