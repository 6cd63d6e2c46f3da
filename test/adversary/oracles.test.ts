import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { RawClient, reportOf, transcript } from '../proxy/session/raw-client.ts'
import { inlineLingering, inlineOracles } from './do-oracles.ts'
import { asked, oracles, slow } from './oracles.ts'
import { named, namedLingering } from './procedural-oracles.ts'
import { openStand, type Stand } from './stand.ts'
import { binary, drive, simple } from './ways.ts'

/** Who sees the column masked, in whatever way, gets one answer to a right guess and to a wrong one. */
let stand: Stand
const clients = new Map<string, RawClient>()
beforeAll(async () => {
  stand = await openStand(`
    ${asked}
    ${[...named, ...namedLingering].map(({ definition }) => definition).join('\n')}
    INSERT INTO customers (id, name, email) SELECT i, 'More ' || i, 'zqkvxj' || i || '@wpfhqyd.org' FROM generate_series(100, 400) i;
    ANALYZE customers;
    CREATE VIEW sides AS SELECT id, CASE WHEN email LIKE '%@corp%' THEN 'in' ELSE 'out' END AS side FROM customers;
    CREATE TABLE checked_mail (id int PRIMARY KEY, email text CHECK (length(email) > 3), note text);
    CREATE UNIQUE INDEX ON checked_mail (upper(email))`)
  for (const person of ['ana', 'report-bot']) clients.set(person, await stand.open(person))
  clients.set('direct', await RawClient.open(stand.database.url))
}, 180_000)
afterAll(async () => {
  for (const client of clients.values()) client.close()
  await stand?.[Symbol.asyncDispose]()
})

/** All that came, without what names the guess or the hold. */
async function answerTo(person: string, sql: string, guess: string, way: typeof simple): Promise<string> {
  const client = clients.get(person) as RawClient
  const said = (
    await drive(
      client,
      sql
        .replaceAll('~', guess)
        .split('; ')
        .flatMap((each) => way.messages(each)),
    )
  ).filter(({ type }) => type !== 'N')
  await drive(client, simple.messages('DEALLOCATE ALL'))
  const { C = '', M = '' } = reportOf(said)
  return [...transcript(said), C, M].join('\n').replaceAll(new RegExp(`'[{%^]*${guess}%?'`, 'g'), "'~'")
}

const all = [
  ...Object.entries(oracles),
  ['C5 and C9 functions in PL/pgSQL', named.flatMap(({ asks }) => asks)] as const,
  ['C5 and C9 DO', inlineOracles] as const,
]
describe.each(all)('%s', (row, questions) => {
  test.for(questions)(`${row.split(' ')[0]} %s`, async (sql) => {
    expect(await answerTo('direct', `BEGIN; ${sql}; ROLLBACK`, 'z', simple), 'the oracle itself').not.toBe(
      await answerTo('direct', `BEGIN; ${sql}; ROLLBACK`, 'q', simple),
    )
    for (const person of ['ana', 'report-bot'])
      for (const way of [simple, binary])
        expect(await answerTo(person, sql, 'z', way), `${person}, ${way.name}`).toBe(
          await answerTo(person, sql, 'q', way),
        )
  })
})

describe('C9 what takes long for some values', () => {
  test.for([...slow, ...namedLingering.flatMap(({ asks }) => asks), ...inlineLingering])('C9 %s', async (sql) => {
    for (const person of ['ana', 'report-bot'])
      expect(['YH001', '42501'], person).toContain(
        reportOf(await (clients.get(person) as RawClient).ask(sql)).C ?? 'it ran',
      )
  })
})

describe('C5 what tools and people compute of a masked column goes on, masked', () => {
  test.for([
    'SELECT upper(email), length(email), md5(email), email || phone, left(email, 3), split_part(email, $$@$$, 2) FROM customers',
    "SELECT coalesce(email, ''), coalesce(email, phone), concat(name, ' ', email), name || ' <' || email || '>' FROM customers",
    'SELECT email::text, email::varchar(10), birth_date::timestamp, birth_date::text FROM customers',
    "SELECT to_char(birth_date, 'YYYY'), age(birth_date), extract(year FROM birth_date), date_trunc('month', birth_date) FROM customers",
    'SELECT count(email), count(DISTINCT phone), max(email), min(email), string_agg(email, $$,$$), array_agg(email) FROM customers',
    'SELECT sum(salary), avg(salary), max(salary) FROM staff',
    'SELECT row_to_json(c), to_jsonb(c) FROM customers c',
    "SELECT json_agg(json_build_object('id', id, 'email', email)) FROM customers",
    'SELECT email = $$a@b.org$$, email IS NULL, email IN ($$a$$, $$b$$) FROM customers',
    'SELECT CASE WHEN email IS NULL THEN $$none$$ ELSE $$some$$ END FROM customers',
    'SELECT ARRAY(SELECT email FROM customers), (SELECT email FROM customers LIMIT 1)',
    'SELECT first_value(email) OVER (ORDER BY id), lag(email) OVER (ORDER BY id) FROM customers',
    'SELECT greatest(email, phone), nullif(email, $$$$) FROM customers',
    'SELECT id, side FROM sides',
    "INSERT INTO checked_mail VALUES (1, 'a@example.org')",
    "UPDATE checked_mail SET note = 'x' WHERE id = 1",
    "INSERT INTO checked_mail VALUES (1, 'b@example.org') ON CONFLICT (id) DO UPDATE SET email = excluded.email, note = 'y'",
    "INSERT INTO checked_mail VALUES (1, 'b@example.org') ON CONFLICT (id) DO UPDATE SET email = coalesce(excluded.email, checked_mail.email)",
  ])('C5 %s', async (sql) => {
    const said = await (clients.get('ana') as RawClient).ask(sql)
    expect(reportOf(said).M).toBeUndefined()
  })
})
