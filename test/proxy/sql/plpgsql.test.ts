import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Analysis } from '../../../proxy/sql/analyse.ts'
import { type Sample, sample, schema } from './sample.ts'

/** Functions and triggers in PL/pgSQL are looked into, and what cannot be followed in them is opaque. */
let shop: Sample
beforeAll(async () => {
  shop = await sample(`${schema}
    ALTER TABLE customers ADD note text, ADD updated_at timestamptz;
    CREATE TABLE copies (id int, copy text);
    CREATE TABLE deferred (id int);
    CREATE SCHEMA fixed;
  `)
}, 60_000)
afterAll(() => shop?.[Symbol.asyncDispose]())

let made = 0

/** Calls a function with this body. */
async function calling(body: string, head = '(a int DEFAULT 1) RETURNS text'): Promise<Analysis> {
  const name = `f${++made}`
  await shop.client.query(`CREATE FUNCTION ${name}${head} LANGUAGE plpgsql AS $f$ ${body} $f$`)
  await shop.catalog.refresh()
  return shop.one(/OUT |TABLE|SETOF/.test(head) ? `SELECT * FROM ${name}()` : `SELECT ${name}()`)
}

/** Updates a customer's name with this body as a trigger. */
async function triggering(body: string, when = 'BEFORE UPDATE ON customers FOR EACH ROW'): Promise<Analysis> {
  const name = `t${++made}`
  await shop.client.query(`CREATE FUNCTION ${name}() RETURNS trigger LANGUAGE plpgsql AS $f$ ${body} $f$;
    CREATE TRIGGER ${name} ${when} EXECUTE FUNCTION ${name}()`)
  await shop.catalog.refresh()
  const analysis = shop.one("UPDATE customers SET name = 'x' WHERE id = 1")
  await shop.client.query(`DROP FUNCTION ${name} CASCADE`)
  await shop.catalog.refresh()
  return analysis
}

const fedBy = ({ outputs }: Analysis): string[] | undefined => outputs?.[0]?.sources.map(({ column }) => column).sort()
const used = ({ facts }: Analysis): Record<string, readonly string[]> =>
  Object.fromEntries(facts.columns.map(({ relation, column, uses }) => [`${relation}.${column}`, uses]))

describe('what a result is fed by', () => {
  test.for([
    ['RETURN (SELECT email FROM customers LIMIT 1)'],
    ['RETURN (SELECT c.email FROM customers c LIMIT 1)'],
    ['SELECT email INTO v FROM customers; RETURN v'],
    ['SELECT 1, email INTO n, v FROM customers; RETURN v'],
    ['SELECT * INTO r FROM customers; RETURN r.email'],
    ['v := email FROM customers LIMIT 1; RETURN v'],
    ['FOR r IN SELECT email AS x FROM customers LOOP v := r.x; END LOOP; RETURN v'],
    ['FOR n, v IN SELECT 1, email FROM customers LOOP NULL; END LOOP; RETURN v'],
    ['FOR i IN 1..9 LOOP v := w; w := (SELECT email FROM customers LIMIT 1); END LOOP; RETURN v'],
    ['FOREACH v IN ARRAY (SELECT array_agg(email) FROM customers) LOOP RETURN v; END LOOP; RETURN 1'],
    ["IF (SELECT email FROM customers LIMIT 1) > 'm' THEN RETURN 'yes'; END IF; RETURN 'no'"],
    ["CASE (SELECT email FROM customers LIMIT 1) WHEN 'm' THEN RETURN 'yes'; ELSE RETURN 'no'; END CASE"],
    ["WHILE (SELECT email FROM customers LIMIT 1) > v LOOP v := v || 'm'; END LOOP; RETURN v"],
    ["n := (SELECT email FROM customers LIMIT 1)::int; RETURN '1'; EXCEPTION WHEN others THEN RETURN SQLERRM"],
    [
      "n := email::int FROM customers; RETURN ''; EXCEPTION WHEN others THEN GET STACKED DIAGNOSTICS v = MESSAGE_TEXT; RETURN v",
    ],
    ['UPDATE customers SET note = NULL RETURNING email INTO v; RETURN v'],
    ['FOR r IN c LOOP RETURN r.email; END LOOP; RETURN 1'],
    ['arr[2] := (SELECT email FROM customers LIMIT 1); RETURN arr[2]'],
    ['r := (SELECT c FROM customers c LIMIT 1); RETURN (r).email'],
    ['k.email := (SELECT email FROM customers LIMIT 1); RETURN k.email'],
    ['RETURN mail_of(a)'],
    ["IF true THEN RAISE NOTICE 'it''s \"% %', a, v; END IF; v := mail_of(a); RETURN v"],
  ])('%s', async ([body = '']) => {
    const declared = `DECLARE v text := ''; w text; n int; r record; k customers%ROWTYPE; arr text[];
      c CURSOR FOR SELECT * FROM customers;`
    const analysis = await calling(`${declared} BEGIN ${body}; END`)
    expect(analysis.facts.unresolved).toEqual([])
    expect(fedBy(analysis)).toContain('email')
  })

  test('rows that it returns, in each way there is', async () => {
    for (const [body, head] of [
      ['BEGIN RETURN QUERY SELECT email FROM customers; END', '() RETURNS SETOF text'],
      [
        'DECLARE v text; BEGIN FOR v IN SELECT email FROM customers LOOP RETURN NEXT v; END LOOP; END',
        '() RETURNS SETOF text',
      ],
      ['BEGIN SELECT email INTO b FROM customers; END', '(OUT a text, OUT b text)'],
      ['BEGIN b := email FROM customers; RETURN NEXT; END', '() RETURNS TABLE (a text, b text)'],
    ] as const) {
      const analysis = await calling(body, head)
      expect(analysis.facts.unresolved).toEqual([])
      expect(fedBy(analysis)).toContain('email')
    }
  })

  test('nothing but what leads there: another variable has another value', async () => {
    const body = 'DECLARE v text; w text; BEGIN SELECT email, name INTO v, w FROM customers; RETURN w; END'
    expect(fedBy(await calling(body))).toEqual(['name'])
  })
})

describe('what is done', () => {
  test.for([
    ['DELETE FROM orders', ['read', 'write'], ['no_where']],
    ['UPDATE orders SET total = 0 WHERE id = a', ['read', 'write'], []],
    ['PERFORM pg_read_file($$x$$)', ['read', 'external'], []],
    ['IF false THEN DELETE FROM orders WHERE true; END IF', ['read', 'write'], ['always_true_where']],
    ['BEGIN NULL; EXCEPTION WHEN others THEN DELETE FROM orders; END', ['read', 'write'], ['no_where']],
    ['RAISE NOTICE $$%$$, forget(1)', ['read', 'write'], []],
  ] as const)('%s', async ([body, effects, flags]) => {
    const { facts } = await calling(`BEGIN ${body}; RETURN 1; END`)
    expect({ effects: facts.effects, flags: facts.flags, unresolved: facts.unresolved }).toEqual({
      effects,
      flags,
      unresolved: [],
    })
  })

  test('a declaration, a bound and a message count as well', async () => {
    for (const body of [
      'DECLARE v text := forget(1); BEGIN RETURN 1; END',
      'BEGIN FOR i IN 1..(SELECT 1 FROM forget(2)) LOOP NULL; END LOOP; RETURN 1; END',
      "BEGIN RAISE EXCEPTION 'no' USING HINT = forget(3)::text; END",
      'BEGIN ASSERT true, forget(3)::text; RETURN 1; END',
    ]) {
      const { facts } = await calling(body)
      expect(facts.effects).toContain('write')
    }
  })
})

describe('what cannot be followed is opaque', () => {
  test.for([
    ["EXECUTE 'SELECT 1'"],
    ["FOR r IN EXECUTE 'SELECT 1' LOOP NULL; END LOOP"],
    ['CREATE TEMP TABLE customers AS SELECT 1'],
    ["PERFORM set_config('search_path', 'shadow', false)"],
    ['SET search_path = shadow'],
    ['OPEN cur FOR SELECT email FROM customers'],
    ["DO 'BEGIN END'"],
    ['TRUNCATE no_such_table_in_here'],
    ['PERFORM no_such_function_in_here()'],
  ])('%s', async ([body = '']) => {
    const { facts } = await calling(`DECLARE r record; cur refcursor; BEGIN ${body}; RETURN 1; END`)
    expect(facts.effects.includes('unknown') || facts.unresolved.length > 0).toBe(true)
  })

  test.for([
    ['#variable_conflict use_variable\nBEGIN RETURN 1; END'],
    // libpg_query leaves a record's default value out.
    ['DECLARE r record := forget(1); BEGIN RETURN 1; END'],
    ['DECLARE r record := (SELECT c FROM customers c LIMIT 1); BEGIN RETURN r.email; END'],
    ['DECLARE k int := 1; BEGIN DECLARE r record := row(k, k); BEGIN RETURN r; END; END'],
  ])('%s', async ([body = '']) => {
    expect((await calling(body)).facts.unresolved).toContainEqual(expect.objectContaining({ code: 'opaque_body' }))
  })

  test('a procedure that commits', async () => {
    await shop.client.query('CREATE PROCEDURE commits() LANGUAGE plpgsql AS $$ BEGIN COMMIT; END $$')
    await shop.catalog.refresh()
    expect(shop.one('CALL commits()').facts.unresolved).toHaveLength(1)
  })
})

describe('triggers', () => {
  test('the usual one writes one column more, and that is all', async () => {
    const analysis = await triggering('BEGIN NEW.updated_at := now(); RETURN NEW; END')
    expect(analysis.facts).toMatchObject({ effects: ['write'], unresolved: [] })
    expect(used(analysis)).toEqual({
      'customers.id': ['filtered'],
      'customers.name': ['written'],
      'customers.updated_at': ['written'],
    })
  })

  test('what it asks of a row is asked of its columns', async () => {
    const analysis = await triggering('BEGIN IF NEW.name <> OLD.country THEN RAISE $$no$$; END IF; RETURN NEW; END')
    expect(analysis.facts.unresolved).toEqual([])
    expect(used(analysis)).toMatchObject({
      'customers.country': ['filtered'],
      'customers.name': ['filtered', 'written'],
    })
  })

  test.for([
    ['NEW.note := NEW.email; RETURN NEW', 'customers.note'],
    ['SELECT email INTO NEW.note FROM customers LIMIT 1; RETURN NEW', 'customers.note'],
    ['INSERT INTO copies VALUES (1, OLD.email); RETURN NEW', 'copies.copy'],
    ['INSERT INTO copies SELECT NEW.id, to_jsonb(NEW)::text; RETURN NEW', 'copies.copy'],
    ['INSERT INTO copies SELECT (NEW).id, (NEW).email; RETURN NEW', 'copies.copy'],
    ['r := NEW; r.note := r.email; RETURN r', 'customers.note'],
    ['NEW := (1, 2, NEW.email, 4, 5, 6, 7, 8); RETURN NEW', 'customers.note'],
    ['RETURN (1, 2, NEW.email, 4, 5, 6, 7, 8)', 'customers.note'],
  ])('carry a value: %s', async ([body = '', to = '']) => {
    const analysis = await triggering(`DECLARE r record; BEGIN ${body}; END`)
    expect(analysis.facts.unresolved).toEqual([])
    expect(used(analysis)['customers.email']).toContain('projected')
    expect(used(analysis)[to]).toContain('written')
  })

  test('with transition tables, or at the end of the transaction, they are opaque', async () => {
    const after = 'AFTER UPDATE ON customers REFERENCING NEW TABLE AS orders FOR EACH STATEMENT'
    const copies = 'BEGIN INSERT INTO copies SELECT id FROM orders; RETURN NULL; END'
    expect((await triggering(copies, after)).facts.unresolved).toHaveLength(1)
    await shop.client.query(`
      CREATE FUNCTION later() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
      CREATE FUNCTION fixed() RETURNS trigger LANGUAGE plpgsql SET search_path = public AS 'BEGIN RETURN NULL; END';
      CREATE CONSTRAINT TRIGGER later AFTER INSERT ON deferred DEFERRABLE FOR EACH ROW EXECUTE FUNCTION later()`)
    await shop.catalog.refresh()
    expect(shop.one('INSERT INTO deferred VALUES (1)').facts.unresolved).toHaveLength(1)
    await shop.client.query(`DROP TRIGGER later ON deferred;
      CREATE CONSTRAINT TRIGGER later AFTER INSERT ON deferred DEFERRABLE FOR EACH ROW EXECUTE FUNCTION fixed()`)
    await shop.catalog.refresh()
    expect(shop.one('INSERT INTO deferred VALUES (1)').facts.unresolved).toEqual([])
  })
})
