import type pg from 'pg'
import type { Definitions } from './definitions.ts'
import * as queries from './queries.ts'
import { cascade, castContexts, type Row, relation, routine, type } from './rows.ts'

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
    seen: server[2] as string,
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
    types: (await rows(queries.types(serverVersion >= 140_000))).map(type),
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
