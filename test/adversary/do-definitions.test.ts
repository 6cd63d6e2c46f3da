import { serialize } from 'pg-protocol'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { transcript } from '../proxy/session/raw-client.ts'
import { canariesIn } from './canaries.ts'
import { openStand, type Stand } from './stand.ts'
import { drive } from './ways.ts'

/** C3, C5 and E through definitions in a DO, where they may run without anybody's approval: outside production. */
let stand: Stand
beforeAll(async () => {
  stand = await openStand(
    `CREATE FUNCTION makes() RETURNS void LANGUAGE sql AS 'CREATE TEMP TABLE plain AS SELECT email AS remark FROM customers';
     CREATE FUNCTION reads() RETURNS text LANGUAGE plpgsql AS 'BEGIN RETURN (SELECT remark FROM plain LIMIT 1); END';
     CREATE FUNCTION makes_and_reads() RETURNS text LANGUAGE sql AS
       'CREATE TEMP TABLE plain AS SELECT email AS remark FROM customers; SELECT remark FROM plain LIMIT 1';
     CREATE FUNCTION calls() RETURNS text LANGUAGE plpgsql AS
       'BEGIN PERFORM makes(); RETURN (SELECT remark FROM plain LIMIT 1); END';
     CREATE TABLE tasks (id int PRIMARY KEY, title text); INSERT INTO tasks VALUES (1, 'a')`,
    { target: { environment: 'staging' } },
  )
}, 180_000)
afterAll(() => stand?.[Symbol.asyncDispose]())

const block = (body: string) => `DO $do$ BEGIN ${body} END $do$`

describe('a migration runs, and what it made is there for what follows', () => {
  test.for<readonly [string, string, string]>([
    [
      "CREATE TYPE mood AS ENUM ('sad', 'glad'); EXCEPTION WHEN duplicate_object THEN NULL;",
      "SELECT 'glad'::mood AS m",
      'D glad',
    ],
    [
      "IF NOT EXISTS (SELECT FROM information_schema.columns WHERE table_name = 'tasks' AND column_name = 'done') THEN ALTER TABLE tasks ADD COLUMN done bool DEFAULT false; END IF;",
      'SELECT id, done FROM tasks',
      'D 1|f',
    ],
    [
      "EXECUTE format('CREATE TABLE IF NOT EXISTS %I AS SELECT 5 AS n', 'made here');",
      'SELECT n FROM "made here"',
      'D 5',
    ],
    [
      'CREATE OR REPLACE VIEW seen AS SELECT id, name AS way FROM customers;',
      'SELECT way FROM seen WHERE id = 1',
      'D Customer 1',
    ],
    ["CREATE OR REPLACE FUNCTION one() RETURNS int LANGUAGE sql AS 'SELECT 1';", 'SELECT one()', 'D 1'],
    [
      'ALTER TABLE tasks RENAME COLUMN title TO heading; EXCEPTION WHEN undefined_column THEN NULL;',
      'SELECT heading FROM tasks',
      'D a',
    ],
  ])('%s', async ([body, then, expected]) => {
    const client = await stand.open('ana')
    // Twice: as most of them are written to be run.
    for (const _ of [1, 2]) {
      expect(transcript(await client.ask(block(body)))).toContain('C DO')
      expect(transcript(await client.ask(then))).toContain(expected)
    }
    // Behind these, names may mean something else for the rest of a transaction, which a batch is.
    if (/VIEW|FUNCTION|RENAME/.test(body)) return client.close()
    const batch = [block(body), then].flatMap((text) => [
      serialize.parse({ text }),
      serialize.bind(),
      serialize.execute(),
    ])
    expect(transcript(await drive(client, [...batch, serialize.sync()]))).toContain(expected)
    client.close()
  })
})

const V = 'DECLARE v text; BEGIN'
const RAISE = "RAISE NOTICE '%', v;"

/** Each is sent as one message, then what follows it as others, and all as one. */
const attacks: readonly (readonly string[])[] = [
  [
    `DO $$ ${V} CREATE OR REPLACE VIEW seen AS SELECT id, email AS way FROM customers; SELECT way INTO v FROM seen; ${RAISE} END $$`,
  ],
  [
    `DO $$ ${V} CREATE TABLE copied AS SELECT email AS e FROM customers; SELECT e INTO v FROM copied; ${RAISE} END $$`,
    'SELECT e FROM copied',
    'TABLE copied',
  ],
  [
    `DO $$ ${V} CREATE TABLE copied (e text); INSERT INTO copied SELECT email FROM customers; SELECT e INTO v FROM copied; ${RAISE} END $$`,
    'TABLE copied',
  ],
  [`DO $$ ${V} EXECUTE 'SELECT email FROM customers LIMIT 1' INTO v; ${RAISE} END $$`],
  [`DO $$ ${V} EXECUTE 'SELECT $1' INTO v USING (SELECT email FROM customers LIMIT 1); ${RAISE} END $$`],
  [
    `DO $$ ${V} EXECUTE 'CREATE VIEW w AS SELECT email AS e FROM customers'; EXECUTE 'SELECT e FROM w' INTO v; ${RAISE} END $$`,
  ],
  [`DO $$ ${V} EXECUTE 'SELECT ''' || (SELECT email FROM customers LIMIT 1) || ''''; END $$`],
  [
    `DO $$ ${V} ALTER TABLE plain RENAME TO was; ALTER TABLE customers RENAME TO plain; SELECT email INTO v FROM plain; ${RAISE} END $$`,
  ],
  [
    `DO $$ ${V} ALTER TABLE customers RENAME COLUMN email TO remark; SELECT remark INTO v FROM customers; ${RAISE} END $$`,
    'SELECT remark FROM customers',
    'ALTER TABLE customers RENAME COLUMN remark TO email',
  ],
  [
    `DO $$ ${V} FOR i IN 1..2 LOOP SELECT remark INTO v FROM seen2; ${RAISE} CREATE OR REPLACE VIEW seen2 AS SELECT id, email AS remark FROM customers; END LOOP; END $$`,
  ],
  [
    `DO $$ ${V} CREATE TEMP TABLE plain AS SELECT email AS remark FROM customers; SELECT remark INTO v FROM plain; ${RAISE} END $$`,
    'SELECT remark FROM plain',
  ],
  [`DO $$ ${V} PERFORM makes(); SELECT remark INTO v FROM plain; ${RAISE} END $$`, 'SELECT remark FROM plain'],
  [`DO $$ ${V} PERFORM makes(); SELECT reads() INTO v; ${RAISE} END $$`],
  ['SELECT makes(), reads()'],
  ['SELECT makes_and_reads()'],
  ['SELECT calls()'],
  ['SELECT makes()', 'SELECT reads()'],
  [
    `DO $$ ${V} CREATE OR REPLACE FUNCTION reads() RETURNS text LANGUAGE sql AS 'SELECT email FROM customers LIMIT 1'; SELECT reads() INTO v; ${RAISE} END $$`,
    'SELECT reads()',
  ],
  [`DO $$ BEGIN CREATE UNIQUE INDEX ON customers ((1), email); END $$`],
  [`DO $$ BEGIN ALTER TABLE customers ALTER COLUMN email TYPE int USING email::int; END $$`],
  [`DO $$ BEGIN ALTER TABLE customers ADD CHECK (email = ''); END $$`],
  [
    `DO $$ BEGIN CREATE TABLE x (a int); ALTER TABLE x ALTER a TYPE int USING (SELECT email FROM customers LIMIT 1)::int; END $$`,
  ],
  [
    `DO $$ ${V} BEGIN ALTER TABLE customers ADD CHECK (email = ''); EXCEPTION WHEN others THEN GET STACKED DIAGNOSTICS v = PG_EXCEPTION_DETAIL; END; ${RAISE} END $$`,
  ],
  [`DO $$ BEGIN EXECUTE 'COPY customers TO STDOUT'; END $$`],
  [`DO $$ BEGIN EXECUTE 'SET search_path = shadow'; END $$`, 'SELECT lower(remark) FROM public.plain'],
]

describe('nothing protected comes out of what a DO defines', () => {
  test.for(attacks.map((statements) => [statements.join('; ').slice(0, 160), statements] as const))(
    '%s',
    async ([, statements]) => {
      await stand.direct.query('CREATE OR REPLACE VIEW seen2 AS SELECT id, remark FROM plain')
      for (const person of ['ana', 'report-bot'])
        for (const messages of [statements, [statements.join('; ')], ['BEGIN', ...statements, 'COMMIT']]) {
          const client = await stand.open(person)
          for (const sql of messages) await client.ask(sql)
          expect(canariesIn(Buffer.concat(client.received.map(({ bytes }) => bytes))), person).toEqual([])
          client.close()
          await stand.direct.query('DROP TABLE IF EXISTS copied, x; DROP VIEW IF EXISTS w')
        }
      await stand.replant()
    },
  )
})
