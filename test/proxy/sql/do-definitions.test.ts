import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Sample, sample } from './sample.ts'

/** Definitions in a DO are looked into as the same statements outside of it. */
let shop: Sample
beforeAll(async () => {
  shop = await sample()
}, 180_000)
afterAll(() => shop?.[Symbol.asyncDispose]())

const block = (body: string) => `DO $do$ BEGIN ${body} END $do$`

describe('what migrations define in a DO is known for what it is', () => {
  test.for<readonly [string, readonly string[], readonly string[]]>([
    ["CREATE TYPE mood AS ENUM ('a', 'b'); EXCEPTION WHEN duplicate_object THEN null;", ['read', 'ddl'], []],
    [
      "IF NOT EXISTS (SELECT FROM pg_type WHERE typname = 'mood') THEN CREATE DOMAIN mood AS text; END IF;",
      ['read', 'ddl'],
      ['pg_type select'],
    ],
    [
      'ALTER TABLE orders ADD COLUMN x int; UPDATE orders SET x = 1 WHERE id = 3;',
      ['read', 'write', 'ddl'],
      ['orders alter,update'],
    ],
    [
      'ALTER TABLE orders ADD CONSTRAINT c FOREIGN KEY (id) REFERENCES staff; EXCEPTION WHEN others THEN RAISE NOTICE $$x$$;',
      ['read', 'ddl'],
      ['orders alter', 'staff alter'],
    ],
    ['CREATE TABLE fresh (id int); INSERT INTO fresh VALUES (1);', ['read', 'write', 'ddl'], ['fresh create,insert']],
    [
      'CREATE INDEX IF NOT EXISTS i ON orders (total); COMMENT ON TABLE orders IS NULL;',
      ['read', 'ddl'],
      ['orders alter'],
    ],
    ['DROP TABLE IF EXISTS orders CASCADE;', ['read', 'ddl'], ['orders drop']],
    ['ALTER TABLE customers DROP COLUMN email;', ['read', 'ddl'], ['customers alter,drop']],
    ['IF false THEN ALTER TABLE customers RENAME COLUMN email TO mail; END IF;', ['read', 'ddl'], ['customers alter']],
    ["IF true THEN CREATE ROLE app LOGIN PASSWORD 'hunter2'; END IF;", ['read', 'privilege'], []],
    ['GRANT SELECT ON orders TO public;', ['read', 'privilege'], ['orders grant']],
    ['CREATE FUNCTION g() RETURNS int LANGUAGE sql AS $$ SELECT 1 $$;', ['read', 'ddl'], []],
    ["EXECUTE 'DELETE FROM orders';", ['read', 'write'], ['orders delete']],
    [
      "EXECUTE 'UPDATE orders SET total = $1 WHERE id = $2' USING 1, (SELECT max(id) FROM staff);",
      ['read', 'write'],
      ['staff select', 'orders update'],
    ],
    [
      "EXECUTE format('CREATE TABLE %I.%I (a text DEFAULT %L)', 'public', 'Odd one', 'it''s 100%');",
      ['read', 'ddl'],
      ['Odd one create'],
    ],
    ["EXECUTE 'ALTER TABLE ' || quote_ident('orders') || ' ADD COLUMN z int';", ['read', 'ddl'], ['orders alter']],
    ["EXECUTE format('TRUNCATE %s; DROP TABLE %2s', 'orders', 'staff');", ['read', 'unknown'], []],
  ])('%s', ([body, effects, relations]) => {
    const { facts } = shop.one(block(body))
    expect(facts.effects).toEqual(effects)
    expect(facts.relations.map(({ name, access }) => `${name} ${access.join()}`)).toEqual(relations)
    expect(facts.unresolved.length > 0).toBe(effects.includes('unknown'))
  })

  test('and a password among it is kept from whoever looks', () => {
    const { facts, redactedText } = shop.one(block("CREATE ROLE app LOGIN PASSWORD 'hunter2';"))
    expect(facts.flags).toContain('contains_secret')
    expect(redactedText).not.toContain('hunter2')
  })
})

const REPLACED = 'CREATE OR REPLACE VIEW mailing AS SELECT id, email AS name, name AS address FROM customers;'

describe('no statement is judged by names that an earlier one may have changed', () => {
  test.for([
    [`${REPLACED} PERFORM name FROM mailing;`],
    [`IF false THEN ${REPLACED} END IF; PERFORM address FROM mailing_orders;`],
    [`BEGIN ${REPLACED} EXCEPTION WHEN others THEN NULL; END; PERFORM address FROM mailing;`],
    [`LOOP PERFORM address FROM mailing; ${REPLACED} END LOOP;`],
    [`FOR i IN 1..2 LOOP IF i = 2 THEN PERFORM address FROM mailing; ELSE ${REPLACED} END IF; END LOOP;`],
    [`FOR i IN 1..2 LOOP PERFORM address FROM mailing; EXECUTE '${REPLACED}'; END LOOP;`],
    ['ALTER TABLE customers RENAME TO clients; PERFORM id FROM customers;'],
    ['DROP TABLE orders CASCADE; CREATE TABLE orders AS SELECT 1 AS id; PERFORM id FROM orders;'],
    [
      "CREATE OR REPLACE FUNCTION twice(int) RETURNS int LANGUAGE sql AS 'DELETE FROM orders RETURNING 1'; PERFORM twice(1);",
    ],
    [
      'CREATE TABLE n (id int); CREATE TRIGGER t AFTER INSERT ON n FOR EACH ROW EXECUTE FUNCTION stamp(); INSERT INTO n VALUES (2);',
    ],
  ])('%s', ([body = '']) => {
    const { unresolved } = shop.one(block(body)).facts
    expect(unresolved).toContainEqual({
      code: 'opaque_body',
      detail: 'DO (plpgsql), line 1: it names what was defined before',
    })
  })

  test('what follows the block in the same text goes by what the block changed', () => {
    const last = (body: string, then: string) => shop.analyse(`${block(body)}; ${then}`).at(-1)?.facts.unresolved
    expect(last(REPLACED, 'SELECT address FROM mailing')).not.toEqual([])
    expect(last('ALTER TABLE customers RENAME TO clients;', 'SELECT id FROM customers')).not.toEqual([])
    expect(last("CREATE TYPE mood AS ENUM ('a');", 'CREATE TABLE m (a mood)')).toEqual([])
    expect(last('CREATE TABLE fresh (id int);', 'INSERT INTO fresh VALUES (1)')).toEqual([])
    expect(last('PERFORM address FROM mailing;', 'SELECT address FROM mailing')).toEqual([])
  })
})

describe('what cannot be followed is denied, and it is said where it stands', () => {
  test.for([
    [
      "\nEXECUTE 'DROP TABLE ' || (SELECT relname FROM pg_class LIMIT 1);",
      'line 2: EXECUTE of a text that is not constant',
    ],
    ["EXECUTE format('DROP TABLE %1$I', 'orders');", 'line 1: EXECUTE of a text that is not constant'],
    ["EXECUTE 'DROP TABLE';", 'line 1: EXECUTE of what cannot be read'],
    ["EXECUTE 'COMMIT';", 'line 1: COMMIT'],
    ["EXECUTE 'DO $$ BEGIN END $$';", 'line 1: DO'],
    ['\n\nSET search_path = shadow; CREATE TABLE x (id int);', 'line 3: SET'],
    ["PERFORM set_config('search_path', 'shadow', false);", 'a setting'],
    ['CREATE TEMP TABLE customers AS SELECT 1;', 'line 1: a definition of a temporary relation'],
    ['CREATE VIEW pg_temp.customers AS SELECT 1;', 'line 1: a definition of a temporary relation'],
    ['DROP SCHEMA shadow CASCADE;', 'line 1: DROP SCHEMA'],
    ['DROP FUNCTION twice;', 'line 1: DROP FUNCTION'],
    ['IF true THEN\n DROP TYPE checked; END IF;', 'line 2: DROP TYPE'],
    ['VACUUM orders;', 'line 1: VACUUM'],
    ["FOR r IN EXECUTE 'SELECT 1' LOOP NULL; END LOOP;", 'line 1: dynfors'],
    ['nonsense', 'a body that cannot be read'],
  ])('%s', ([body = '', where]) => {
    const { facts, effects } = shop.one(block(body).replace('BEGIN FOR r', 'DECLARE r record; BEGIN FOR r'))
    expect(facts.unresolved).toContainEqual({ code: 'opaque_body', detail: `DO (plpgsql), ${where}` })
    expect(facts.effects).toContain('unknown')
    expect(effects.changes).toEqual([{ kind: 'anything' }])
  })
})
