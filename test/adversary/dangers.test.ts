import type pg from 'pg'
import { serialize } from 'pg-protocol'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Message } from '../proxy/session/raw-client.ts'
import { reportOf } from '../proxy/session/raw-client.ts'
import { dangers } from './dangers.ts'
import { openStand, type Stand } from './stand.ts'
import { drive } from './ways.ts'

const { parse, bind, execute, query, sync } = serialize

let stand: Stand
beforeAll(async () => {
  stand = await openStand()
}, 180_000)
afterAll(() => stand?.[Symbol.asyncDispose]())

const extended = (sql: string): Buffer[] => [parse({ text: sql }), bind(), execute(), sync()]
const simple = (sql: string): Buffer[] => [query(sql)]

/** What the last of the statements is answered with, on a connection of its own. */
async function answerTo(person: string, statements: readonly string[], send: typeof simple): Promise<string> {
  const client = await stand.open(person)
  try {
    let said: readonly Message[] = []
    for (const sql of statements) said = await drive(client, send(sql))
    const ran = said.some(({ type }) => type === 'C' || type === 'D')
    return ran ? 'ran' : (answers[reportOf(said).C ?? ''] ?? `${reportOf(said).C} ${reportOf(said).M}`)
  } finally {
    client.close()
  }
}

const answers: Readonly<Record<string, string>> = {
  42501: 'deny',
  YH001: 'hold',
  26000: 'error',
  42601: 'error',
  42883: 'error',
}

/** Everything that a statement could change: rows, definitions, roles, settings, files of settings. */
async function stateOf(client: pg.Client): Promise<unknown> {
  const catalogs = ['proc', 'rewrite', 'policy', 'operator', 'cast', 'default_acl', 'event_trigger', 'extension']
  const more = [
    'foreign_server',
    'seclabel',
    'foreign_data_wrapper',
    'largeobject_metadata',
    'aggregate',
    'publication',
  ]
  const tables = [
    'payments',
    'orders',
    'customers',
    'plain',
    'checked',
    'calling',
    'stamped',
    'ruled_delete',
    'set_off',
  ]
  const sums = [
    ...[...catalogs, ...more].map(
      (name) =>
        `(SELECT md5(string_agg(t.xmin::text || t.ctid::text, ',' ORDER BY t.ctid)) FROM pg_${name} t) AS ${name}`,
    ),
    ...tables.map(
      (name) => `(SELECT md5(string_agg(t::text, ',' ORDER BY t.ctid)) FROM ${name} t) AS "rows of ${name}"`,
    ),
    // Temporary tables come and go.
    "(SELECT md5(string_agg(c.xmin::text || c.ctid::text, ',' ORDER BY oid)) FROM pg_class c WHERE relpersistence <> 't')",
    "(SELECT md5(string_agg(c::text, ',' ORDER BY oid)) FROM pg_namespace c WHERE nspname !~ '^pg_(toast_)?temp') AS schemas",
    "(SELECT count(*) FROM pg_roles WHERE rolname LIKE 'adv%') AS roles",
    "(SELECT md5(string_agg(d::text, ',')) FROM pg_db_role_setting d) AS settings",
    '(SELECT count(*) FROM pg_replication_slots) AS slots',
    '(SELECT count(*) FROM pg_prepared_xacts WHERE database = current_database()) AS prepared',
    "md5(pg_read_file('postgresql.auto.conf', 0, 100000, true)) AS file",
    '(SELECT last_value::text || is_called FROM orders_id_seq) AS sequence',
  ]
  return (await client.query(`SELECT ${sums.join(', ')}`)).rows[0]
}

describe.each(Object.entries(dangers))('%s', (row, list) => {
  let before: unknown
  beforeAll(async () => {
    before = await stateOf(stand.direct)
  })

  test.for(list.map(([answer, ...statements]) => [statements.join('; '), answer, statements] as const))(
    `${row.split(' ')[0]} %s: %s`,
    async ([, answer, statements]) => {
      for (const person of ['ana', 'report-bot', 'etl', 'ben']) {
        const send = person === 'etl' ? extended : simple
        expect(await answerTo(person, statements, send), person).toBe(answer)
      }
    },
  )

  test('and nothing of it was done', async () => {
    expect(await stateOf(stand.direct)).toEqual(before)
  })
})
