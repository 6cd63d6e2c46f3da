import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { type Sample, sample } from './sample.ts'

/** An analysis that forgets a part of a statement, as one of ours would after a mistake: whatever it is, it is noticed. */
vi.mock('../../../proxy/sql/from-clause.ts', async (original) => ({
  ...(await original<typeof import('../../../proxy/sql/from-clause.ts')>()),
  fromClause: () => undefined,
}))
vi.mock('../../../proxy/sql/arrange.ts', async (original) => ({
  ...(await original<typeof import('../../../proxy/sql/arrange.ts')>()),
  orders: () => undefined,
}))

let shop: Sample
beforeAll(async () => {
  shop = await sample()
})
afterAll(() => shop[Symbol.asyncDispose]())

test.each([
  'SELECT 1 FROM customers',
  'SELECT 1 ORDER BY (SELECT 2)',
  'SELECT 1 ORDER BY random()',
  'SELECT 1 ORDER BY 1 + 1',
  "SELECT 1 ORDER BY 'a'::text",
])('%s', (sql) => {
  const { facts, outputs } = shop.one(sql)
  expect(facts.effects).toContain('unknown')
  expect(facts.unresolved).toMatchObject([{ code: 'node', detail: expect.stringContaining('not understood') }])
  expect(outputs).toBeNull()
})
