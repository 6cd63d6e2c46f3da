import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Sample, sample } from './sample.ts'

let shop: Sample

beforeAll(async () => {
  shop = await sample()
})

afterAll(() => shop[Symbol.asyncDispose]())

/** `name=column` where the value is the column's own, `name~a,b` where it is made of these; base columns only. */
function outputs(sql: string): string | null {
  const { outputs: columns, facts } = shop.one(sql)
  expect(facts.unresolved).toEqual([])
  if (columns === null) return null
  return columns
    .map(({ name, sources, exact }) => {
      const from = sources.map(({ relation, column }) => `${relation}.${column}`).sort()
      return `${name}${exact ? '=' : '~'}${from.join(',')}`
    })
    .join(' ')
}

const lineage: readonly (readonly [sql: string, outputs: string])[] = [
  ['SELECT email AS name FROM customers', 'name=customers.email'],
  ['SELECT c.email, upper(c.phone) p FROM customers c', 'email=customers.email p~customers.phone'],
  ['SELECT id, email FROM customers WHERE phone IS NULL ORDER BY card', 'id=customers.id email=customers.email'],
  ['SELECT x.* FROM (SELECT email e, id FROM customers) x', 'e=customers.email id=customers.id'],
  ['SELECT e FROM (SELECT lower(email) FROM customers) x (e)', 'e~customers.email'],
  ['WITH x AS (SELECT email FROM customers) SELECT * FROM x', 'email=customers.email'],
  ['WITH x (m) AS MATERIALIZED (SELECT email FROM customers) SELECT m || 1 AS m FROM x', 'm~customers.email'],
  ['SELECT email FROM customers UNION SELECT name FROM staff', 'email=customers.email,staff.name'],
  ['SELECT 1 AS n UNION ALL SELECT salary FROM staff', 'n~staff.salary'],
  ['VALUES (1), ((SELECT salary FROM staff LIMIT 1))', 'column1~staff.salary'],
  ['SELECT count(*) FROM customers', 'count~'],
  [
    'SELECT count(email), max(salary) FROM customers, staff WHERE customers.id = staff.id',
    'count~customers.email max~staff.salary',
  ],
  ['SELECT (SELECT email FROM customers LIMIT 1)', 'email~customers.email'],
  ['SELECT EXISTS (SELECT email FROM customers)', 'exists~'],
  ['SELECT ARRAY(SELECT email FROM customers)', 'array~customers.email'],
  ["SELECT 'x' IN (SELECT email FROM customers) AS hit", 'hit~customers.email'],
  ['SELECT CASE WHEN salary > 1 THEN name END FROM staff', 'case~staff.name,staff.salary'],
  [
    'SELECT coalesce(email, phone), nullif(email, name) FROM customers',
    'coalesce~customers.email,customers.phone nullif~customers.email,customers.name',
  ],
  ['SELECT rank() OVER (ORDER BY salary) FROM staff', 'rank~staff.salary'],
  [
    'SELECT row_number() OVER w FROM staff WINDOW w AS (PARTITION BY boss ORDER BY salary)',
    'row_number~staff.boss,staff.salary',
  ],
  ['SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY salary) FROM staff', 'percentile_cont~staff.salary'],
  ['SELECT array_agg(name ORDER BY salary) FROM staff', 'array_agg~staff.name'],
  ['SELECT p FROM people p', 'p~people.email,people.id'],
  [
    'SELECT p::text, row_to_json(p), (p).email, email(p), p.id FROM people p',
    'p~people.email,people.id row_to_json~people.email,people.id email=people.email email=people.email id=people.id',
  ],
  ['SELECT (p).* FROM people p', 'id=people.id email=people.email'],
  ['SELECT json_agg(x) FROM (SELECT email FROM people) x', 'json_agg~people.email'],
  [
    'SELECT ROW(email, 1), ARRAY[email], email::varchar, email COLLATE "C" FROM people',
    'row~people.email array~people.email email~people.email email~people.email',
  ],
  ['SELECT * FROM people p, LATERAL (SELECT p.email || 1 AS e) x', 'id=people.id email=people.email e~people.email'],
  ['SELECT w FROM people, regexp_split_to_table(email, 1::text) AS w', 'w~people.email'],
  ['SELECT k, v FROM orders, jsonb_each_text(note) AS e (k, v)', 'k~orders.note v~orders.note'],
  ['SELECT x.a FROM orders, jsonb_to_record(note) AS x (a text, b int)', 'a~orders.note'],
  ["SELECT j.a FROM orders, JSON_TABLE(note, '$' COLUMNS (a text PATH '$.a')) j", 'a~orders.note'],
  ["SELECT t.* FROM XMLTABLE('/a' PASSING (SELECT email::xml FROM people) COLUMNS b text) t", 'b~people.email'],
  [
    'SELECT * FROM people JOIN staff USING (id)',
    'id=people.id email=people.email name=staff.name salary=staff.salary boss=staff.boss',
  ],
  ['SELECT id FROM people FULL JOIN staff USING (id)', 'id~people.id,staff.id'],
  ['SELECT id FROM people RIGHT JOIN staff USING (id)', 'id=staff.id'],
  ['SELECT id FROM people NATURAL JOIN staff', 'id=people.id'],
  [
    'SELECT j.email, j.salary FROM (people p JOIN staff s ON p.id = s.id) j (pid, email)',
    'email=people.email salary=staff.salary',
  ],
  ['SELECT address FROM mailing', 'address=customers.email'],
  ['SELECT upper(address) FROM mailing_orders', 'upper~customers.email'],
  ['TABLE totals', 'customer_id=orders.customer_id total~orders.total'],
  ['SELECT mail_of(id) FROM staff', 'mail_of~customers.email,staff.id'],
  ['SELECT twice(salary::int) FROM staff', 'twice~staff.salary'],
  ['SELECT gather(email) FROM people', 'gather~people.email'],
  ['DELETE FROM people RETURNING email, lower(email) AS l', 'email=people.email l~people.email'],
  ['UPDATE people SET id = 1 RETURNING old.email, new.id', 'email=people.email id=people.id'],
  ['INSERT INTO people VALUES (1) ON CONFLICT DO NOTHING RETURNING *', 'id=people.id email=people.email'],
  [
    'MERGE INTO people p USING staff s ON p.id = s.id WHEN MATCHED THEN DELETE RETURNING merge_action(), s.salary',
    'merge_action~ salary=staff.salary',
  ],
  ['WITH d AS (DELETE FROM people RETURNING email) SELECT * FROM d', 'email=people.email'],
  [
    'WITH RECURSIVE t AS (SELECT id, boss FROM staff UNION ALL SELECT s.id, t.boss FROM staff s JOIN t ON s.boss = t.id) TABLE t',
    'id=staff.id boss=staff.boss',
  ],
  [
    'WITH RECURSIVE t (a, b) AS (SELECT 1, salary FROM staff UNION ALL SELECT b::int, a FROM t) SELECT a FROM t',
    'a~staff.salary',
  ],
  [
    'WITH RECURSIVE t AS (SELECT id, email FROM people UNION ALL SELECT * FROM t) SEARCH DEPTH FIRST BY email SET s CYCLE id SET c USING p SELECT s, c, p, id FROM t',
    's~people.email,people.id c~ p~people.email,people.id id=people.id',
  ],
  ['SELECT email FROM events_2026', 'email=events_2026.email'],
  ['SHOW work_mem', 'work_mem~'],
  ['EXPLAIN SELECT email FROM people', 'QUERY PLAN~'],
]

test.for(lineage)('%s → %s', ([sql, expected]) => {
  expect(outputs(sql)).toBe(expected)
})

test('what columns carry is a label of the table that is named, of its family, and of what a view is made of', () => {
  const labels = (sql: string) =>
    shop.one(sql).outputs?.map((output) => output.sources.flatMap((source) => source.labels))
  expect(labels('SELECT id, email FROM events_2026')).toEqual([[], ['email']])
  expect(labels('SELECT email, school FROM pupils')).toEqual([['email'], []])
  expect(labels('SELECT name, address FROM mailing')).toEqual([[], ['email']])
  const view = shop.catalog.snapshot.relation('public', 'mailing_orders')
  expect(shop.catalog.snapshot.labelsOf(view?.oid ?? 0, 1)).toEqual(['email'])
  expect(shop.catalog.snapshot.labelsOf(view?.oid ?? 0, 2)).toEqual([])
})

test("a child's own label is a label of the same column seen through its parent", async () => {
  await using other = await sample(
    'CREATE TABLE base (id int, note text); CREATE TABLE child (email text) INHERITS (base)',
  )
  const rule = {
    labelsFor: (c: { relation: string; column: string }) =>
      c.relation === 'child' && c.column === 'note' ? ['secret'] : [],
  }
  const { CatalogSnapshot } = await import('../../../proxy/catalog/snapshot.ts')
  const { loadDefinitions } = await import('../../../proxy/catalog/load.ts')
  const snapshot = new CatalogSnapshot((await loadDefinitions(other.client, null)).definitions, {
    labels: rule,
    version: 9,
  })
  expect(snapshot.labelsOf(snapshot.relation('public', 'base')?.oid ?? 0, 2)).toEqual(['secret'])
})

test.for([
  ['ALTER TABLE parts DETACH PARTITION one', ['note']],
  ['ALTER TABLE parts DETACH PARTITION other', ['note']],
  ['ALTER TABLE parts DETACH PARTITION other CONCURRENTLY', ['note']],
  ['ALTER TABLE alike DETACH PARTITION alike_one', []],
  ['ALTER TABLE child NO INHERIT base', ['note']],
  ['ALTER TABLE parts ADD COLUMN more text', []],
] as const)('%s takes what is only labelled among the others with it', async ([text, columns]) => {
  await using other = await sample(`
    CREATE TABLE parts (id int, note text, email text) PARTITION BY LIST (id);
    CREATE TABLE one PARTITION OF parts FOR VALUES IN (1);
    CREATE TABLE other PARTITION OF parts DEFAULT;
    CREATE TABLE alike (id int, note text, email text) PARTITION BY LIST (id);
    CREATE TABLE alike_one PARTITION OF alike DEFAULT;
    CREATE TABLE base (id int, note text);
    CREATE TABLE child () INHERITS (base)`)
  other.catalog.relabel({
    labelsFor: ({ relation, column }) =>
      column === 'email' || (column === 'note' && ['one', 'base'].includes(relation)) ? ['secret'] : [],
  })
  const { facts } = other.one(text)
  expect(facts.columns.filter(({ uses }) => uses.includes('projected')).map(({ column }) => column)).toEqual(columns)
})

/** Columns by how they are used, base columns and views alike. */
const usage: readonly (readonly [sql: string, uses: readonly string[]])[] = [
  ["SELECT id FROM customers WHERE email LIKE 'a%'", ['customers.id projected', 'customers.email filtered probed']],
  ['SELECT 1 FROM customers ORDER BY email', ['customers.email sorted']],
  ['SELECT email AS e FROM customers ORDER BY e', ['customers.email projected sorted']],
  ['SELECT email FROM customers ORDER BY 1', ['customers.email projected sorted']],
  [
    'SELECT count(*) FROM customers GROUP BY email HAVING max(phone) > card',
    ['customers.email grouped', 'customers.phone filtered probed', 'customers.card filtered probed'],
  ],
  ['SELECT DISTINCT email FROM customers', ['customers.email projected grouped']],
  ['SELECT DISTINCT ON (email) id FROM customers', ['customers.id projected', 'customers.email grouped']],
  [
    'SELECT s.id FROM staff s JOIN customers c ON s.name = c.email',
    ['staff.name joined', 'customers.email joined probed', 'staff.id projected'],
  ],
  [
    'SELECT staff.boss FROM staff JOIN people USING (id)',
    ['staff.id joined', 'people.id joined', 'staff.boss projected'],
  ],
  [
    'UPDATE staff SET name = salary::text WHERE boss = 1',
    ['staff.name written', 'staff.salary projected', 'staff.boss filtered'],
  ],
  [
    'INSERT INTO staff (id, name) SELECT id, email FROM people',
    ['staff.id written', 'staff.name written', 'people.id projected', 'people.email projected'],
  ],
  [
    'DELETE FROM people USING staff WHERE people.id = staff.id RETURNING email',
    ['people.id filtered', 'staff.id filtered', 'people.email returned'],
  ],
  ['SELECT count(*) FROM people WHERE EXISTS (SELECT 1 FROM staff WHERE salary > 5)', ['staff.salary filtered probed']],
  [
    'SELECT id FROM people WHERE email IN (SELECT phone FROM customers)',
    ['people.id projected', 'people.email filtered probed', 'customers.phone filtered probed'],
  ],
  ['SELECT count(*) FILTER (WHERE salary > 5) FROM staff', ['staff.salary filtered probed']],
  ['SELECT id FROM (SELECT * FROM people) x', ['people.id projected']],
  ['SELECT 1 FROM (SELECT email::int FROM people) x', ['people.email projected probed']],
  ['SELECT name FROM mailing', ['customers.country filtered', 'customers.name projected', 'mailing.name projected']],
  [
    'SELECT id FROM people OFFSET (SELECT max(salary) FROM staff)',
    ['people.id projected', 'staff.salary filtered probed'],
  ],
  ['COPY people (email) TO STDOUT', ['people.email projected']],
  ['COPY people FROM STDIN WHERE id > 3', ['people.id filtered written', 'people.email written']],
  ['CREATE INDEX ON people (lower(email))', ['people.email filtered probed']],
  ['PREPARE p AS SELECT email FROM people WHERE id = $1', ['people.id filtered', 'people.email projected']],
]

test.for(usage)('%s uses %s', ([sql, expected]) => {
  const { columns, unresolved } = shop.one(sql).facts
  expect(unresolved).toEqual([])
  const uses = columns.map(({ relation, column, uses: how }) => `${relation}.${column} ${how.join(' ')}`)
  expect(uses.toSorted()).toEqual(expected.toSorted())
})

test('where the columns of an output are not known and something labelled is touched, that is said', () => {
  const unknown = { temporaryRelations: new Set(['scratch']) }
  expect(shop.one('SELECT * FROM scratch', unknown)).toMatchObject({ outputs: null, facts: { unresolved: [] } })
  const both = shop.one('SELECT s.*, c.email FROM scratch s, customers c', unknown)
  expect(both.outputs).toBeNull()
  expect(both.facts.unresolved).toMatchObject([{ code: 'output' }])
})
