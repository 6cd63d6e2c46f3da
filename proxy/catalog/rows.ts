import { GenerationalCache } from '../../generational-cache.ts'
import type { Attribute, Cascade, Index, Relation, RelationKind, Routine, Type } from './definitions.ts'

/** From the rows of the bulk queries, whose columns stand in the order of queries.ts, to what the catalog holds. */
export type Row = unknown[]

const relationKinds: Readonly<Record<string, RelationKind>> = {
  r: 'table',
  p: 'partitioned_table',
  v: 'view',
  m: 'materialized_view',
  f: 'foreign_table',
  S: 'sequence',
  c: 'composite_type',
}

/** Most tables have columns that others have, too: an id in the first place, a name, a time. */
const plain = new GenerationalCache<string, Attribute>(50_000)

function shared(attribute: Attribute): Attribute {
  if (attribute.expression !== null || attribute.generated) return attribute
  const key = `${attribute.number} ${attribute.type} ${attribute.name}`
  const known = plain.get(key)
  if (known === undefined) plain.set(key, attribute, 1)
  return known ?? attribute
}

export function relation(row: Row): Relation {
  const [oid, schema, name, kind, rowType, rowSecurity, toast, system] = row as [
    number,
    string,
    string,
    string,
    number,
    boolean,
    number,
    boolean,
  ]
  const [numbers, names, types, expressions, generated] = row.slice(8) as [
    number[],
    string[],
    number[],
    (string | null)[] | null,
    boolean[] | null,
  ]
  const attributes = numbers?.map(
    (number, index): Attribute =>
      shared({
        number,
        name: names[index] as string,
        type: types[index] as number,
        expression: expressions?.[index] ?? null,
        generated: generated?.[index] ?? false,
      }),
  )
  const known = relationKinds[kind]
  if (known === undefined) throw new Error(`pg_class.relkind ${kind} is not known`)
  return {
    oid,
    schema,
    name,
    kind: known,
    rowType,
    owner: 0,
    toast,
    attributes: attributes ?? [],
    system,
    rowSecurity,
  }
}

export function index(row: Row): Index {
  const [oid, schema, name, owner] = row as [number, string, string, number]
  return { oid, schema, name, owner }
}

export function cascade(row: Row): Cascade {
  const [name, relation, referenced, onDelete, onUpdate] = row as [string, number, number, string, string]
  return {
    name,
    relation,
    referenced,
    onDelete: onDelete === 'c' ? 'delete' : 'nd'.includes(onDelete) ? 'update' : null,
    onUpdate: 'cnd'.includes(onUpdate) ? 'update' : null,
  }
}

export const castContexts = { e: 'explicit', a: 'assignment', i: 'implicit' } as const

const routineKinds = { f: 'function', p: 'procedure', a: 'aggregate', w: 'window' } as const
const volatilities = { i: 'immutable', s: 'stable', v: 'volatile' } as const

export function routine(row: Row): Routine {
  const [oid, schema, name, kind, volatility, language] = row as [
    number,
    string,
    string,
    keyof typeof routineKinds,
    keyof typeof volatilities,
    string,
  ]
  const [types, names, modes, allTypes, defaults, variadic, returnsSet, returnType] = row.slice(6) as [
    number[],
    string[] | null,
    string[] | null,
    number[] | null,
    number,
    boolean,
    boolean,
    number,
  ]
  const [builtin, extension, body, atomic, settings, securityDefiner, hash, parts, defaultsSql, makesRange] = row.slice(
    14,
  ) as [
    boolean,
    string | null,
    string | null,
    boolean,
    string[] | null,
    boolean,
    string,
    number[] | null,
    string | null,
    boolean,
  ]
  const isInput = (_: unknown, index: number) => modes === null || 'ibv'.includes(modes[index] ?? '')
  return {
    oid,
    schema,
    name,
    kind: routineKinds[kind],
    volatility: volatilities[volatility],
    language,
    argumentTypes: types,
    argumentNames: (names ?? []).filter(isInput).map((argument) => argument || null),
    defaults,
    defaultsSql,
    variadic,
    returnsSet,
    returnType,
    outputs: (modes ?? []).flatMap((mode, index) =>
      'obt'.includes(mode) ? [{ name: names?.[index] ?? '', type: allTypes?.[index] ?? 0 }] : [],
    ),
    builtin: builtin && (schema === 'pg_catalog' || schema === 'information_schema'),
    extension,
    body,
    atomic,
    settings: settings ?? [],
    securityDefiner,
    hash,
    parts: parts ?? [],
    makesRange,
  }
}

const typeKinds = {
  b: 'base',
  c: 'composite',
  d: 'domain',
  e: 'enum',
  p: 'pseudo',
  r: 'range',
  m: 'multirange',
} as const

export function type(row: Row): Type {
  const [oid, schema, name, kind, relation, element, base, checks, subtype, runsOwn] = row as [
    number,
    string,
    string,
    keyof typeof typeKinds,
    number,
    number,
    number,
    string[] | null,
    number | null,
    boolean | null,
  ]
  return {
    oid,
    schema,
    name,
    kind: typeKinds[kind],
    relation,
    element,
    base,
    subtype: subtype ?? 0,
    runsOwn: runsOwn ?? false,
    checks: checks ?? [],
  }
}
