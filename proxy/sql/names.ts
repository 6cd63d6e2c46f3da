import type { Node, RangeVar, TypeName } from 'libpg-query'
import type { Access } from '../../policies/input.ts'
import type { Relation, Type } from '../catalog/definitions.ts'
import { TEMPORARY_SCHEMA } from '../catalog/temporaries.ts'
import { type Context, recordMissing, recordRelation, recordTemporary } from './context.ts'
import { checkDomains } from './domain-checks.ts'
import { isNowhere, type NamedWhere, relationMissing, typeMissing } from './missing-names.ts'
import { stringsOf } from './tree.ts'
import { uncommittedOf } from './uncommitted-changes.ts'

/**
 * What a relation's name means. A temporary one, or one created in the open transaction, may be gone by now, and then
 * `shadowed` is what the server finds.
 */
export type NamedRelation =
  | { readonly found: 'relation'; readonly relation: Relation }
  | { readonly found: 'temporary'; readonly name: string; readonly shadowed: Relation | null }
  | { readonly found: 'created'; readonly schema: string; readonly name: string; readonly shadowed: Relation | null }
  | { readonly found: 'nothing'; readonly schema: string; readonly name: string }

export interface QualifiedName {
  readonly schema: string | null
  readonly name: string
}

export function lookUpRelation(context: Context, named: QualifiedName): NamedRelation {
  const settled = lookUpSettled(context, named)
  const { uncommitted } = context.names
  if (uncommitted === undefined || uncommitted.length === 0) return settled
  const changes = uncommittedOf(uncommitted)
  const nothing = { found: 'nothing', schema: named.schema ?? '', name: named.name } as const
  const relation =
    settled.found === 'relation' ? settled.relation : settled.found === 'nothing' ? null : settled.shadowed
  if (changes.isHidden(named) || (relation !== null && changes.isReplaced(relation.oid))) return nothing
  const schema = changes.createdIn(named)
  if (schema === null || settled.found === 'temporary') return settled
  return { found: 'created', schema, name: named.name, shadowed: relation }
}

/** By what the catalog holds, and the session's temporary relations. */
function lookUpSettled(context: Context, { schema, name }: QualifiedName): NamedRelation {
  if (schema !== null) {
    const isTemporary = /^pg_temp(_\d+)?$/.test(schema)
    const own = schema === TEMPORARY_SCHEMA || schema === context.snapshot.temporary.all.schema
    const relation =
      isTemporary && !own ? undefined : context.snapshot.relation(isTemporary ? TEMPORARY_SCHEMA : schema, name)
    if (relation !== undefined) return { found: 'relation', relation }
    return isTemporary ? { found: 'temporary', name, shadowed: null } : { found: 'nothing', schema, name }
  }
  // A temporary relation that is known for what it is stands in its place on the path, as any other does.
  const relation = context.path
    ?.map((searched) => context.snapshot.relation(searched, name))
    .find((it) => it !== undefined)
  if (relation?.schema !== TEMPORARY_SCHEMA && isUnknownTemporary(context, name))
    return { found: 'temporary', name, shadowed: relation ?? null }
  return relation === undefined ? { found: 'nothing', schema: '', name } : { found: 'relation', relation }
}

function isUnknownTemporary({ names, snapshot }: Context, name: string): boolean {
  return names.temporaryRelations.has(name) && snapshot.relation(TEMPORARY_SCHEMA, name) === undefined
}

export function nameOf(range: RangeVar): QualifiedName {
  return { schema: range.schemaname ?? null, name: range.relname ?? '' }
}

interface UsedHow extends NamedWhere {
  readonly mayBeMissing?: boolean
  /** It is defined further, and not asked what is in it: what it does when it is read or written is no matter. */
  readonly defines?: boolean
}

function lookUpDefined(context: Context, name: QualifiedName): NamedRelation {
  if (!uncommittedOf(context.names.uncommitted).isSame(name)) return lookUpRelation(context, name)
  const settled = lookUpSettled(context, name)
  if (settled.found !== 'nothing') return settled
  return { found: 'created', schema: name.schema ?? creationSchemaOf(context), name: name.name, shadowed: null }
}

function creationSchemaOf({ path }: Context): string {
  return path?.find((schema) => schema !== TEMPORARY_SCHEMA && schema !== 'pg_catalog') ?? ''
}

/** Looks a relation up and records what is done to it. What is not found is unresolved, unless it may be missing. */
export function useRelation(
  context: Context,
  name: QualifiedName,
  access: readonly Access[],
  { mayBeMissing = false, defines = false, ...where }: UsedHow = {},
): NamedRelation {
  const named = defines ? lookUpDefined(context, name) : lookUpRelation(context, name)
  if (named.found === 'relation') recordRelation(context, named.relation, access)
  else if (named.found === 'temporary') {
    recordTemporary(context, named.name, access, context.snapshot.temporary.all.labels)
    // It stands in front of a table, with columns that nothing here can follow.
    if (context.snapshot.temporary.all.opaque.includes(named.name))
      context.record.unresolved('relation', `temporary view ${named.name}`)
    if (named.shadowed !== null) recordRelation(context, named.shadowed, access)
  } else if (named.found === 'created') {
    recordMissing(context, named, access)
    if (named.shadowed !== null) recordRelation(context, named.shadowed, access)
  } else {
    const drops = mayBeMissing && access.every((each) => each === 'drop')
    recordMissing(context, named, access, drops && isNowhere(context, name) ? 'missing' : 'unknown')
    if (!mayBeMissing) relationMissing(context, name, where)
  }
  return named
}

/** A qualified name as a list of String nodes: `name`, `schema.name` or `database.schema.name`. */
export function qualifiedName(list: readonly Node[] | undefined): QualifiedName {
  const parts = stringsOf(list)
  return { schema: parts.at(-2) ?? null, name: parts.at(-1) ?? '' }
}

const serials = new Set(['serial', 'serial2', 'serial4', 'serial8', 'smallserial', 'bigserial'])

export interface NamedType {
  /** 0: not known, or an array of something. */
  readonly oid: number
  readonly element: Type | null
}

/** The type that is named; what is not found is unresolved. For an array the element is what is looked up. */
export function useType(context: Context, typeName: TypeName): NamedType {
  const name = qualifiedName(typeName.names)
  const isArray = (typeName.arrayBounds?.length ?? 0) > 0 || typeName.setof === true
  const type = lookUpType(context, name)
  if (type !== null) {
    checkDomains(context, type.oid)
    return { oid: isArray ? 0 : type.oid, element: type }
  }
  if (uncommittedOf(context.names.uncommitted).hasType(name.name)) return { oid: 0, element: null }
  if (typeName.pct_type === true || (name.schema === null && serials.has(name.name))) return { oid: 0, element: null }
  // The row type of a table goes by the table's name.
  const relation = lookUpRelation(context, name)
  context.named?.set(typeName, relation)
  if (relation.found === 'relation') {
    checkDomains(context, relation.relation.rowType)
    return { oid: isArray ? 0 : relation.relation.rowType, element: null }
  }
  if (relation.found === 'nothing') typeMissing(context, name, typeName)
  return { oid: 0, element: null }
}

export function lookUpType(context: Context, { schema, name }: QualifiedName): Type | null {
  if (uncommittedOf(context.names.uncommitted).isUntyped(name)) return null
  const types = context.snapshot.types(name)
  if (schema !== null) return types.find((type) => type.schema === schema) ?? null
  for (const searched of context.path ?? ['pg_catalog']) {
    const type = types.find((candidate) => candidate.schema === searched)
    if (type !== undefined) return type
  }
  return null
}
