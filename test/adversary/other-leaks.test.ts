import { serialize } from 'pg-protocol'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { RawClient, reportOf } from '../proxy/session/raw-client.ts'
import { canariesIn } from './canaries.ts'
import { openStand, type Stand } from './stand.ts'
import { statementsOverLabels } from './statements-over-labels.ts'
import { binary, drive, simple } from './ways.ts'

const { query } = serialize

let stand: Stand
beforeAll(async () => {
  stand = await openStand(`
    CREATE TABLE twins (id int, email text, seen bool, late bool DEFAULT false);
    INSERT INTO twins VALUES (1, 'zqkvxj@wpfhqyd.org', true), (2, 'zqkvxj@wpfhqyd.org', false);
    CREATE MATERIALIZED VIEW colliding AS SELECT email AS way FROM twins WHERE seen;
    CREATE UNIQUE INDEX ON colliding (way);
    CREATE MATERIALIZED VIEW colliding_concurrently AS SELECT email AS way FROM twins WHERE seen;
    CREATE UNIQUE INDEX ON colliding_concurrently (way);
    CREATE MATERIALIZED VIEW failing AS SELECT CASE WHEN late THEN email::int ELSE 1 END AS n FROM twins;
    UPDATE twins SET seen = true, late = true`)
  await stand.direct.query('SELECT email FROM customers WHERE email = $1', ['zqkvxj9@wpfhqyd.org'])
}, 180_000)
afterAll(() => stand?.[Symbol.asyncDispose]())

let changed = false

/** One session of its own for each attack, so that none stands on what another left. */
async function attack(person: string, statements: readonly string[], way: typeof simple): Promise<readonly string[]> {
  if (changed) await stand.replant()
  changed = statements.some((sql) => /INSERT|UPDATE|DELETE|MERGE|REFRESH|COPY|DO /.test(sql))
  const client = await stand.open(person)
  try {
    for (const sql of statements) {
      const messages = /^COPY .* FROM STDIN/.test(sql) ? [query(sql)] : way.messages(sql)
      await drive(client, messages)
    }
    return canariesIn(Buffer.concat(client.received.map(({ bytes }) => bytes)))
  } catch {
    return [
      ...canariesIn(Buffer.concat(client.received.map(({ bytes }) => bytes))),
      `ended: ${Object.values(reportOf(client.received)).join(' ')}`,
    ]
  } finally {
    client.close()
  }
}

describe.each(Object.entries(statementsOverLabels))('%s', (row, attacks) => {
  test.for(attacks.map((statements) => [statements.join('; ').replaceAll(/\s+/g, ' '), statements] as const))(
    `${row.split(' ')[0]} %s`,
    async ([, statements]) => {
      for (const person of ['ana', 'report-bot'])
        for (const way of [simple, binary]) {
          expect(await attack(person, statements, way), `${person}, ${way.name}`).toEqual([])
        }
    },
  )
})

test('C5 and others: the same statements, sent directly, do give something away', async () => {
  await stand.replant()
  const harmless: string[] = []
  let count = 0
  for (const attacks of Object.values(statementsOverLabels)) {
    for (const statements of attacks) {
      count++
      const client = await RawClient.open(stand.database.url)
      await client.ask('BEGIN')
      for (const sql of statements) {
        if (/^(BEGIN|COMMIT|VACUUM|ALTER|CREATE UNIQUE|COPY .* FROM|PREPARE TRANS)/.test(sql)) continue
        await client.ask('SAVEPOINT s')
        const said = await drive(client, [query(sql)])
        if (said.some(({ type }) => type === 'E')) await client.ask('ROLLBACK TO s')
      }
      await client.ask('SET CONSTRAINTS ALL IMMEDIATE')
      await client.ask('ROLLBACK')
      if (canariesIn(Buffer.concat(client.received.map(({ bytes }) => bytes))).length === 0)
        harmless.push(statements.join('; '))
      client.close()
    }
  }
  expect(harmless.length, harmless.join('\n')).toBeLessThan(count / 2)
})
