import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Sample, sample, schema } from './sample.ts'

/** What a view filters by is asked by whoever made it, as long as nobody else can change what it compares with. */
let shop: Sample

const views: Readonly<Record<string, readonly [query: string, uses: string]>> = {
  reachable: ['FROM customers WHERE email IS NOT NULL', 'preset'],
  inside_house: ["FROM customers WHERE email LIKE '%@example.org'", 'preset'],
  some_of: ["FROM customers WHERE left(email, 1) IN ('a', 'b') OR upper(email) = 'C'", 'preset'],
  casted: ["FROM customers WHERE email::varchar(5) < 'm' AND id > 5", 'preset'],
  joined_so: ["FROM customers JOIN orders o ON o.customer_id = customers.id AND email > 'm'", 'preset'],
  with_another: ["FROM customers WHERE email LIKE 'a%' AND email < name", 'filtered probed preset'],
  by_another: ['FROM customers WHERE email < name', 'filtered probed'],
  by_another_hidden: ['FROM customers WHERE email < phone', 'filtered probed'],
  by_a_setting: ["FROM customers WHERE email LIKE current_setting('app.like')", 'filtered probed'],
  by_user: ['FROM customers WHERE email > current_user', 'filtered probed'],
  by_rows: ['FROM customers WHERE email > (SELECT max(what) FROM audit_log)', 'filtered probed'],
  by_rows_beside: ['FROM customers, audit_log WHERE email LIKE what', 'filtered probed'],
  by_greatest: ["FROM customers HAVING max(email) LIKE 'a%'", 'filtered probed'],
  by_own_function: ["FROM customers WHERE same(email, 'a')", 'filtered probed'],
  by_own_operator: ["FROM customers WHERE email ==== 'a'", 'filtered probed'],
}

beforeAll(async () => {
  const all = Object.entries(views).map(([name, [query]]) => `CREATE VIEW ${name} AS SELECT 1 AS one ${query}`)
  shop = await sample(`${schema}; ${all.join(';\n')};
    CREATE VIEW above AS SELECT count(*) AS n FROM reachable`)
})
afterAll(() => shop[Symbol.asyncDispose]())

const usesOf = (sql: string): string =>
  (shop.one(sql).facts.columns.find(({ column }) => column === 'email')?.uses ?? []).join(' ')

test.each(Object.entries(views))('a view %s: %s', (name, [, uses]) => {
  expect(usesOf(`SELECT one FROM ${name}`)).toBe(uses)
})

test('also below another view', () => {
  expect(usesOf('TABLE above')).toBe('preset')
})

test('whoever makes it, or asks the same beside it, is asked', () => {
  expect(usesOf("CREATE VIEW mine AS SELECT 1 FROM customers WHERE email LIKE 'a%'")).toContain('probed')
  expect(usesOf("CREATE TEMP VIEW mine AS SELECT 1 FROM customers WHERE email LIKE 'a%'")).toContain('probed')
  expect(usesOf("SELECT 1 FROM reachable, customers WHERE email LIKE 'a%'")).toBe('filtered probed preset')
})
