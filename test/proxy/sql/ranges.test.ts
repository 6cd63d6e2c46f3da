import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Sample, sample, schema } from './sample.ts'

let shop: Sample
beforeAll(async () => {
  shop = await sample(`${schema};
    CREATE TYPE price AS RANGE (subtype = numeric);
    CREATE FUNCTION spy(int) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN EXECUTE 'SELECT 1'; RETURN true; END $$;
    CREATE DOMAIN spied AS int CHECK (spy(VALUE));
    CREATE TYPE spied_range AS RANGE (subtype = spied, subtype_opclass = int4_ops);
    CREATE DOMAIN few AS price CHECK (upper(VALUE) < 10);
    CREATE FUNCTION cmp(int, int) RETURNS int LANGUAGE plpgsql AS $$ BEGIN EXECUTE 'SELECT 1'; RETURN 0; END $$;
    CREATE OPERATOR CLASS own FOR TYPE int USING btree AS OPERATOR 1 <, OPERATOR 2 <=, OPERATOR 3 =, OPERATOR 4 >=,
      OPERATOR 5 >, FUNCTION 1 cmp(int, int);
    CREATE TYPE odd AS RANGE (subtype = int, subtype_opclass = own);
    CREATE FUNCTION price(text) RETURNS price LANGUAGE plpgsql AS $$ BEGIN EXECUTE 'SELECT 1'; RETURN NULL; END $$;`)
})
afterAll(() => shop[Symbol.asyncDispose]())

test.for([
  'SELECT price(1.5, 2)',
  "SELECT price(1, 2, '[]'), '[1,2]'::price",
  'SELECT price_multirange(price(1, 2), price(3, 4)), price_multirange()',
  'SELECT price(1, 2)::few',
  "SELECT * FROM orders WHERE price(total, total + 1) && '[1,2]'",
])('a range of a type of one’s own is made by the server itself: %s', (sql) => {
  const { facts } = shop.one(sql)
  expect(facts.unresolved).toEqual([])
  expect(facts.effects).toEqual(['read'])
})

test('what a range is made of goes into it', () => {
  const { outputs } = shop.one('SELECT price(salary, NULL) FROM staff')
  expect(outputs?.[0]?.sources).toMatchObject([{ column: 'salary', labels: ['salary'] }])
})

test.for([
  'SELECT spied_range(1, 2)',
  "SELECT '[1,2]'::spied_range",
  "SELECT '{[1,2]}'::spied_multirange",
  "SELECT ARRAY['[1,2]']::spied_range[]",
  'SELECT odd(1, 2)',
  "SELECT '[1,2]'::odd",
])('what runs when a range is made is looked for in its domain and its comparison: %s', (sql) => {
  expect(shop.one(sql).facts.unresolved).not.toEqual([])
})

test('a function that only has the name of a range is not taken for its constructor', () => {
  expect(shop.one("SELECT price('x'::text)").facts.unresolved).toMatchObject([{ code: 'opaque_body' }])
})
