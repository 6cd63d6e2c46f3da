import type pg from 'pg'
import type { Attribute, Cascade, Definitions, Relation, RelationKind, Routine, Type } from './definitions.ts'
import * as queries from './queries.ts'

/**
 * Reads every definition in one read-only, repeatable-read transaction, so that what is read belongs together.
 * @throws what the server answered; the caller decides whether to try again
 */
export async function loadDefinitions(client: pg.Client): Promise<Definitions> {
  await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY')
  try {
    // With nothing on the path the server prints expressions with every name qualified.
    await client.query("SET LOCAL search_path = ''")
    const definitions = await read(client)
    await client.query('COMMIT')
    return definitions
  } catch (error) {
    await client.query('ROLLBACK')
    throw error
  }
}

async function read(client: pg.Client): Promise<Definitions> {
  const rows = async (text: string): Promise<Row[]> => (await client.query<Row>({ text, rowMode: 'array' })).rows
  const [server = []] = await rows(queries.server)
  const serverVersion = server[0] as number
  return {
    serverVersion,
    loginRole: server[1] as string,
    schemas: (await rows(queries.schemas)).map(([name]) => name as string),
    relations: (await rows(queries.relations)).map(relation),
    inheritance: (await rows(queries.inheritance)) as [number, number][],
    views: (await rows(queries.views)).map(([oid, query]) => ({ relation: oid as number, query: query as string })),
    rules: (await rows(queries.rules)).map(([oid, name, definition]) => ({
      relation: oid as number,
      name: name as string,
      definition: definition as string,
    })),
    triggers: (await rows(queries.triggers)).map(([oid, name, routine, type, definition]) => ({
      relation: oid as number,
      name: name as string,
      routine: routine as number,
      type: type as number,
      definition: definition as string | null,
    })),
    expressions: (await rows(queries.expressions)).map(([oid, name, on, sql]) => ({
      relation: oid as number,
      name: name as string,
      on: on as 'read' | 'write',
      sql: sql as string,
    })),
    cascades: (await rows(queries.cascades)).map(cascade),
    routines: (await rows(queries.routines(serverVersion >= 140_000))).map(routine),
    types: (await rows(queries.types)).map(type),
    operators: (await rows(queries.operators)).map(([schema, name, left, right, code]) => ({
      schema: schema as string,
      name: name as string,
      left: left as number,
      right: right as number,
      routine: code as number,
    })),
    casts: (await rows(queries.casts)).map(([source, target, code, context]) => ({
      source: source as number,
      target: target as number,
      routine: code as number,
      context: castContexts[context as keyof typeof castContexts],
    })),
    eventTriggers: (await rows(queries.eventTriggers)).map(([name, event, code, tags]) => ({
      name: name as string,
      event: event as string,
      routine: code as number,
      tags: tags as string[] | null,
    })),
    roles: (await rows(queries.roles)).map(([name, hidden]) => ({
      name: name as string,
      hiddenSchemas: new Set(hidden as string[] | null),
    })),
  }
}

type Row = unknown[]

const relationKinds: Readonly<Record<string, RelationKind>> = {
  r: 'table',
  p: 'partitioned_table',
  v: 'view',
  m: 'materialized_view',
  f: 'foreign_table',
  S: 'sequence',
  c: 'composite_type',
  i: 'index',
  I: 'index',
  t: 'toast',
}

function relation(row: Row): Relation {
  const [oid, schema, name, kind, rowType, rowSecurity, owner, system] = row as [
    number,
    string,
    string,
    string,
    number,
    boolean,
    number | null,
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
    (number, index): Attribute => ({
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
    owner: owner ?? 0,
    attributes: attributes ?? [],
    system,
    rowSecurity,
  }
}

function cascade(row: Row): Cascade {
  const [name, relation, referenced, onDelete, onUpdate] = row as [string, number, number, string, string]
  return {
    name,
    relation,
    referenced,
    onDelete: onDelete === 'c' ? 'delete' : 'nd'.includes(onDelete) ? 'update' : null,
    onUpdate: 'cnd'.includes(onUpdate) ? 'update' : null,
  }
}

const castContexts = { e: 'explicit', a: 'assignment', i: 'implicit' } as const

const routineKinds = { f: 'function', p: 'procedure', a: 'aggregate', w: 'window' } as const
const volatilities = { i: 'immutable', s: 'stable', v: 'volatile' } as const

function routine(row: Row): Routine {
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
  const [builtin, extension, body, atomic, settings, securityDefiner, hash, parts, defaultsSql] = row.slice(14) as [
    boolean,
    string | null,
    string | null,
    boolean,
    string[] | null,
    boolean,
    string,
    number[] | null,
    string | null,
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

function type(row: Row): Type {
  const [oid, schema, name, kind, relation, element, base, checks] = row as [
    number,
    string,
    string,
    keyof typeof typeKinds,
    number,
    number,
    number,
    string[] | null,
  ]
  return { oid, schema, name, kind: typeKinds[kind], relation, element, base, checks: checks ?? [] }
}
