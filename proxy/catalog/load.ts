import pg from 'pg'
import type { Definitions } from './definitions.ts'
import * as from from './lists.ts'
import {
  buckets,
  checkMarks,
  type ListName,
  listMarks,
  listMarksOf,
  type Marks,
  relationMarks,
  routineMarks,
} from './marks.ts'
import { changedRelations, patchedLists } from './patch.ts'
import * as queries from './queries.ts'
import { readAll, readSome } from './reading.ts'
import { listsWithout, lockedAway, marksWithout } from './reading-without.ts'
import { routine, type } from './rows.ts'

export interface Loaded {
  /** The very ones from before where nothing has changed. */
  readonly definitions: Definitions
  /** OIDs of the relations that were read; null: all. */
  readonly read: ReadonlySet<number> | null
}

/**
 * Printing a view or a rule locks what is in it, for as long as we read. Whoever changes several of them at once, in another
 * order, would wait for us while we wait for them, and the server ends one of the two after its deadlock_timeout of a
 * second: we give way long before.
 */
const LOCK_MS_MAX = 250

/** Somebody holds a lock for longer than we wait for it: nothing is wrong, and reading is begun again. */
export function gaveWay(error: unknown): boolean {
  return error instanceof pg.DatabaseError && error.code === '55P03'
}

/**
 * Reads definitions in one read-only, repeatable-read transaction, so that what is read belongs together: all of them, or
 * what has changed since `before` was read.
 * @throws what the server answered; the caller decides whether to try again, see `gaveWay`
 */
export function loadDefinitions(client: pg.ClientBase, before: Definitions | null): Promise<Loaded> {
  return inTransaction(
    client,
    async () => (before === null ? null : await readChanges(client, before)) ?? (await readWhole(client)),
  )
}

/** All but what somebody's lock keeps from being printed; the next reading takes that up as changed. @throws as above */
export function loadWithoutLocked(client: pg.ClientBase): Promise<Definitions> {
  return inTransaction(client, async () => {
    const away = await lockedAway(client)
    const { definitions } = await readWhole(client, away)
    return { ...definitions, marks: marksWithout(definitions, away) }
  })
}

async function inTransaction<T>(client: pg.ClientBase, read: () => Promise<T>): Promise<T> {
  await client.query(`BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY; SET LOCAL lock_timeout = ${LOCK_MS_MAX}`)
  try {
    // With nothing on the path the server prints expressions with every name qualified.
    await client.query("SET LOCAL search_path = ''")
    const loaded = await read()
    await client.query('COMMIT')
    return loaded
  } catch (error) {
    await client.query('ROLLBACK')
    throw error
  }
}

/** Whether nothing but relations is another than when these were read: no type, function, role, schema or operator. */
export async function onlyRelationsChanged(pool: pg.Pool, before: Definitions | null): Promise<boolean> {
  if (before === null) return false
  try {
    const { rows } = await pool.query<unknown[]>({ text: listMarks, rowMode: 'array' })
    const lists = listMarksOf(rows[0] ?? [])
    return Object.entries(before.marks.lists).every(([name, mark]) => lists[name as keyof typeof lists] === mark)
  } catch {
    return false
  }
}

/** The mark of all definitions as they are now, to be compared with that of those that were read. */
export async function readMark(client: pg.ClientBase): Promise<string> {
  return markOf(await readHead(client))
}

export function markOf({ lists, buckets }: Head): string {
  return JSON.stringify([lists, [...buckets].sort(([a], [b]) => a - b)])
}

type Head = Pick<Marks, 'lists' | 'buckets'>
const pair = ([key, mark]: readonly unknown[]): readonly [number, number] => [Number(key), mark as number]

async function readHead(client: pg.ClientBase): Promise<Head> {
  const [lists] = await readSome(client, listMarks, [], listMarksOf)
  const sums = await readSome(client, buckets, [], pair)
  return { lists: lists as Marks['lists'], buckets: new Map(sums) }
}

async function readServer(client: pg.ClientBase): Promise<Pick<Definitions, 'serverVersion' | 'loginRole'>> {
  const [server] = await readSome(client, queries.server, [], ([version, role]) => {
    return { serverVersion: version as number, loginRole: role as string }
  })
  return server as Pick<Definitions, 'serverVersion' | 'loginRole'>
}

async function readWhole(client: pg.ClientBase, away: ReadonlySet<number> | null = null): Promise<Loaded> {
  const server = await readServer(client)
  const head = await readHead(client)
  const marks = {
    ...head,
    relations: new Map(await readAll(client, relationMarks(false), pair)),
    ...(await readOwn(client)),
  }
  const lists = away === null ? await readRelations(client) : await listsWithout(client, marks.relations.keys(), away)
  const all = await readLists(client, server.serverVersion, listNames)
  const builtin = await readAll(client, queries.routines(true, server.serverVersion >= 140_000), routine)
  const { routines, ...others } = all as Pick<Definitions, 'routines'>
  const definitions = { ...server, marks, ...lists, ...others, routines: [...builtin, ...routines] }
  return { definitions: definitions as unknown as Definitions, read: null }
}

async function readRelations(client: pg.ClientBase): Promise<Partial<Definitions>> {
  const lists: Record<string, unknown> = {}
  for (const [name, { query, made }] of Object.entries(from.relationLists))
    lists[name] = await readAll<unknown>(client, query(false), made)
  return lists
}

const listNames: readonly ListName[] = ['schemas', 'roles', 'routines', 'types', 'operators', 'eventTriggers']

/** The marks of what is asked for by name. */
async function readOwn(client: pg.ClientBase): Promise<Pick<Marks, 'routineNames' | 'checks'>> {
  const routineNames = await readAll(client, routineMarks, ([name, mark]) => [name as string, mark as number] as const)
  return { routineNames: new Map(routineNames), checks: new Map(await readAll(client, checkMarks, pair)) }
}

async function readLists(
  client: pg.ClientBase,
  version: number,
  names: readonly ListName[],
): Promise<Partial<Definitions>> {
  const modern = version >= 140_000
  const read: { readonly [Name in ListName]?: () => Promise<Partial<Definitions>> } = {
    schemas: async () => ({ schemas: await readAll(client, queries.schemas, ([name]) => name as string) }),
    roles: async () => ({ roles: await readAll(client, queries.roles, from.role) }),
    routines: async () => ({ routines: await readAll(client, queries.routines(false, modern), routine) }),
    types: async () => ({ types: await readAll(client, queries.types(modern), type) }),
    operators: async () => ({
      operators: await readAll(client, queries.operators, from.operator),
      casts: await readAll(client, queries.casts, from.cast),
    }),
    eventTriggers: async () => ({ eventTriggers: await readAll(client, queries.eventTriggers, from.eventTrigger) }),
  }
  let lists: Partial<Definitions> = {}
  for (const name of names) lists = { ...lists, ...(await read[name]?.()) }
  return lists
}

/** @returns null where so much may be called by another name that all has to be read */
async function readChanges(client: pg.ClientBase, before: Definitions): Promise<Loaded | null> {
  const server = await readServer(client)
  if (server.serverVersion !== before.serverVersion || server.loginRole !== before.loginRole) return null
  const head = await readHead(client)
  if (markOf(head) === markOf(before.marks)) return { definitions: before, read: new Set() }
  const changed = listNames.filter((name) => head.lists[name] !== before.marks.lists[name])
  if (head.lists.builtin !== before.marks.lists.builtin || changed.includes('operators')) return null
  const { relations, marks, routinesToo, typesToo } = await changedRelations(client, before, head.buckets)
  const names = new Set<ListName>(changed)
  // Rights on schemas are in the list of roles.
  if (names.has('schemas')) names.add('roles')
  if (routinesToo) names.add('routines')
  if (typesToo) names.add('types')
  const lists = await readLists(client, server.serverVersion, [...names])
  if (isRenamed(before, lists)) return null
  const builtin = before.routines.filter(({ builtin: is, oid }) => is || oid < FIRST_NORMAL_OID)
  const routines = lists.routines === undefined ? {} : { routines: [...builtin, ...lists.routines] }
  const own = names.has('routines') || names.has('types') ? await readOwn(client) : {}
  const definitions = {
    ...before,
    ...(await patchedLists(client, before, relations)),
    ...lists,
    ...routines,
    marks: { ...before.marks, ...head, ...own, relations: marks },
  }
  return { definitions, read: relations }
}

const FIRST_NORMAL_OID = 16_384

/** Texts that were printed with a name in them have to be printed again. */
function isRenamed(before: Definitions, { schemas, routines, types }: Partial<Definitions>): boolean {
  if (schemas !== undefined && !before.schemas.every((name) => schemas.includes(name))) return true
  return hasOtherName(before.routines, routines) || hasOtherName(before.types, types)
}

type Named = Pick<Definitions['types'][number], 'oid' | 'schema' | 'name'>

function hasOtherName(before: readonly Named[], now: readonly Named[] | undefined): boolean {
  if (now === undefined) return false
  const names = new Map(before.map(({ oid, schema, name }) => [oid, `${schema}.${name}`]))
  return now.some(({ oid, schema, name }) => (names.get(oid) ?? `${schema}.${name}`) !== `${schema}.${name}`)
}
