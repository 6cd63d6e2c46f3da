import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { RawClient } from '../proxy/session/raw-client.ts'
import { canariesIn } from './canaries.ts'
import { openStand, type Stand } from './stand.ts'
import { drive, ways } from './ways.ts'

/** C1, C2, C5, C6, C9 and E through functions and triggers in PL/pgSQL, which are looked into. */
const bodies: readonly (readonly [head: string, body: string])[] = [
  ['text', 'BEGIN RETURN (SELECT email FROM customers WHERE id = 1); END'],
  ['text', 'DECLARE v text; BEGIN SELECT email INTO v FROM customers WHERE id = 1; RETURN v; END'],
  ['text', 'DECLARE r customers%ROWTYPE; BEGIN SELECT * INTO r FROM customers WHERE id = 1; RETURN r.email; END'],
  ['text', 'DECLARE r record; BEGIN SELECT * INTO r FROM customers WHERE id = 1; RETURN r::text; END'],
  ['text', 'DECLARE r record; BEGIN SELECT * INTO r FROM customers WHERE id = 1; RETURN to_jsonb(r); END'],
  ['customers', 'DECLARE r record; BEGIN SELECT * INTO r FROM customers WHERE id = 1; RETURN r; END'],
  ['SETOF customers', 'BEGIN RETURN QUERY SELECT * FROM customers; END'],
  ['SETOF text', 'DECLARE r record; BEGIN FOR r IN SELECT * FROM customers LOOP RETURN NEXT r.email; END LOOP; END'],
  ['TABLE (a int, b text)', 'BEGIN FOR a, b IN SELECT id, email FROM customers LOOP RETURN NEXT; END LOOP; END'],
  ['TABLE (a int, b text)', 'BEGIN RETURN QUERY SELECT 1, email FROM customers; END'],
  [
    'text',
    "DECLARE v text := ''; r record; BEGIN FOR r IN SELECT * FROM customers LOOP v := v || r.email; END LOOP; RETURN v; END",
  ],
  ['text', 'DECLARE v text[]; BEGIN v := array_agg(email) FROM customers; RETURN v[1]; END'],
  [
    'text',
    'DECLARE v text[]; BEGIN v[1] := (SELECT email FROM customers WHERE id = 1); RETURN array_to_string(v, $$$$); END',
  ],
  ['text', 'DECLARE c CURSOR FOR SELECT email AS e FROM customers; BEGIN FOR r IN c LOOP RETURN r.e; END LOOP; END'],
  [
    'text',
    'DECLARE v text; w text; BEGIN FOR i IN 1..3 LOOP w := v; v := email FROM customers WHERE id = 1; END LOOP; RETURN w; END',
  ],
  [
    'text',
    'DECLARE n int; BEGIN n := email::int FROM customers WHERE id = 1; RETURN 1; EXCEPTION WHEN others THEN RETURN SQLERRM; END',
  ],
  [
    'text',
    `DECLARE n int; v text; BEGIN n := email::int FROM customers WHERE id = 1; RETURN 1;
     EXCEPTION WHEN others THEN GET STACKED DIAGNOSTICS v = MESSAGE_TEXT; RETURN v; END`,
  ],
  ['int', 'DECLARE n int; BEGIN n := email::int FROM customers WHERE id = 1; RETURN n; END'],
  ['int', "BEGIN RAISE NOTICE '%', (SELECT email FROM customers WHERE id = 1); RETURN 1; END"],
  ['int', "BEGIN RAISE EXCEPTION 'x' USING DETAIL = (SELECT email FROM customers WHERE id = 1); END"],
  ['int', 'BEGIN ASSERT false, (SELECT email FROM customers WHERE id = 1); RETURN 1; END'],
  ['int', "BEGIN PERFORM pg_notify('x', (SELECT email FROM customers WHERE id = 1)); RETURN 1; END"],
  [
    'int',
    "BEGIN PERFORM set_config('application_name', (SELECT email FROM customers WHERE id = 1), false); RETURN 1; END",
  ],
  [
    'text',
    `DECLARE v text; out text := ''; BEGIN SELECT email INTO v FROM customers WHERE id = 1;
     FOR i IN 1..length(v) LOOP FOR j IN 33..126 LOOP IF substr(v, i, 1) = chr(j) THEN out := out || chr(j); END IF;
     END LOOP; END LOOP; RETURN out; END`,
  ],
  [
    'text',
    `DECLARE v text; out text := ''; BEGIN SELECT email INTO v FROM customers WHERE id = 1;
     FOR i IN 1..length(v) LOOP CASE substr(v, i, 1) ${Array.from({ length: 26 }, (_, n) => String.fromCharCode(97 + n))
       .map((letter) => `WHEN '${letter}' THEN out := out || '${letter}';`)
       .join(' ')} ELSE NULL; END CASE; END LOOP; RETURN out; END`,
  ],
  [
    'text',
    `DECLARE out text := ''; BEGIN FOR i IN 1..9 LOOP FOR j IN 97..122 LOOP
     PERFORM 1 FROM customers WHERE id = 1 AND substr(email, i, 1) = chr(j); IF FOUND THEN out := out || chr(j); END IF;
     END LOOP; END LOOP; RETURN out; END`,
  ],
  [
    'text',
    `DECLARE out text := ''; BEGIN FOR i IN 1..9 LOOP FOR j IN 97..122 LOOP BEGIN
     PERFORM 1 / (SELECT count(*) FROM customers WHERE id = 1 AND substr(email, i, 1) = chr(j)); out := out || chr(j);
     EXCEPTION WHEN division_by_zero THEN NULL; END; END LOOP; END LOOP; RETURN out; END`,
  ],
  ['text', 'DECLARE r record := (SELECT c FROM customers c WHERE id = 1); BEGIN RETURN r::text; END'],
  ['refcursor', 'DECLARE c refcursor := $$seen$$; BEGIN OPEN c FOR SELECT email FROM customers; RETURN c; END'],
  ['text', "DECLARE v text; BEGIN EXECUTE 'SELECT email FROM customers WHERE id = 1' INTO v; RETURN v; END"],
  [
    'text',
    'BEGIN CREATE TEMP TABLE letters AS SELECT email AS ch FROM customers; RETURN (SELECT ch FROM letters LIMIT 1); END',
  ],
]

const triggers: readonly string[] = [
  'NEW.remark := (SELECT email FROM customers WHERE id = 1); RETURN NEW',
  'INSERT INTO plain SELECT 900, email FROM customers WHERE id = 1; RETURN NEW',
  "RAISE NOTICE '%', (SELECT email FROM customers WHERE id = 1); RETURN NEW",
  'SELECT 1, email INTO NEW.id, NEW.remark FROM customers WHERE id = 1; RETURN NEW',
  'RETURN (1, (SELECT email FROM customers WHERE id = 1), 3)',
]

let stand: Stand
let client: RawClient
const takes = ways.filter(({ name }) => /^(simple|extended|a cursor|COPY|PREPARE and EXECUTE)/.test(name))

beforeAll(async () => {
  const functions = bodies.map(
    ([head, body], n) => `CREATE FUNCTION p${n}() RETURNS ${head} LANGUAGE plpgsql AS $body$ ${body} $body$;`,
  )
  const tables = triggers.map(
    (body, n) => `CREATE TABLE fired${n} (id int, remark text, amount numeric);
      CREATE FUNCTION fire${n}() RETURNS trigger LANGUAGE plpgsql AS $body$ BEGIN ${body}; END $body$;
      CREATE TRIGGER fire BEFORE INSERT OR UPDATE ON fired${n} FOR EACH ROW EXECUTE FUNCTION fire${n}();`,
  )
  stand = await openStand(`${functions.join('\n')}\n${tables.join('\n')}
    CREATE TABLE tasks (id int PRIMARY KEY, title text, updated_at timestamptz);
    INSERT INTO tasks VALUES (1, 'a', NULL), (2, 'b', NULL);
    CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
      IF NEW.title IS DISTINCT FROM OLD.title THEN NEW.updated_at := now(); END IF; RETURN NEW; END $$;
    CREATE TRIGGER touch BEFORE UPDATE ON tasks FOR EACH ROW EXECUTE FUNCTION touch();
    CREATE FUNCTION how_many(first int) RETURNS int LANGUAGE plpgsql STABLE AS $$ DECLARE n int; BEGIN
      SELECT count(*) INTO n FROM tasks WHERE id >= first; RETURN n; END $$;`)
  client = await stand.open('ana')
}, 180_000)
afterAll(async () => {
  client?.close()
  await stand?.[Symbol.asyncDispose]()
})

async function bytesOf(sql: string, messages: (sql: string) => readonly Buffer[]): Promise<Buffer> {
  const before = client.received.length
  try {
    await drive(client, messages(sql))
  } catch {
    client = await stand.open('ana')
  }
  return Buffer.concat(client.received.slice(before).map(({ bytes }) => bytes))
}

/** Nobody listens; and the cursor still has to be asked. */
const silent = [21, 28]

test('without Holdpoint they do give it away', async () => {
  const direct = await RawClient.open(stand.database.url)
  const without: number[] = []
  for (const n of bodies.keys()) {
    const before = direct.received.length
    await drive(direct, ways[0]?.messages(`SELECT * FROM p${n}()`) ?? [])
    const bytes = Buffer.concat(direct.received.slice(before).map((message) => message.bytes))
    if (canariesIn(bytes).length === 0) without.push(n)
  }
  direct.close()
  expect(without).toEqual(silent)
})

describe('a function in PL/pgSQL gives no protected value away', () => {
  test.for(bodies.map(([head, body], n) => [n, `${head}: ${body.replaceAll(/\s+/g, ' ')}`] as const))(
    '%s %s',
    async ([n]) => {
      for (const { name, messages } of takes) {
        for (const sql of [`SELECT p${n}()`, `SELECT * FROM p${n}()`, `SELECT lower(p${n}()::text)`])
          expect(canariesIn(await bytesOf(sql, messages)), name).toEqual([])
        await bytesOf('ROLLBACK', ways[0]?.messages ?? (() => []))
      }
    },
  )
})

describe('a trigger in PL/pgSQL carries no protected value to where it can be read', () => {
  test.for(triggers.map((body, n) => [n, body] as const))('%s %s', async ([n]) => {
    for (const { messages } of takes.slice(0, 2)) {
      for (const sql of [`INSERT INTO fired${n} VALUES (1, 'x', 2) RETURNING *`, `TABLE fired${n}`, 'TABLE plain'])
        expect(canariesIn(await bytesOf(sql, messages))).toEqual([])
    }
    expect(canariesIn(Buffer.from(JSON.stringify((await stand.direct.query(`TABLE fired${n}`)).rows)))).toEqual([])
  })
})

describe('everyday ones work', () => {
  test('a trigger that notes when a row was changed', async () => {
    const bytes = await bytesOf("UPDATE tasks SET title = 'c' WHERE id = 1", ways[0]?.messages ?? (() => []))
    expect(bytes.toString('latin1')).toContain('UPDATE 1')
    const { rows } = await stand.direct.query('SELECT id FROM tasks WHERE updated_at IS NOT NULL')
    expect(rows).toEqual([{ id: 1 }])
  })

  test('a function that counts', async () => {
    const bytes = await bytesOf('SELECT how_many(2) AS found', ways[0]?.messages ?? (() => []))
    expect(bytes.toString('latin1')).toContain('SELECT 1')
  })
})
