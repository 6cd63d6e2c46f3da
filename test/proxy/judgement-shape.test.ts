import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createGate, type Judgement } from '../../proxy/gate.ts'
import { withoutNumbers } from '../../proxy/sql/numbers.ts'
import { type GateStand, openGateStand } from './gate-stand.ts'

let stand: GateStand
beforeAll(async () => {
  stand = await openGateStand()
}, 180_000)
afterAll(() => stand?.[Symbol.asyncDispose]())

const freshGate = () => createGate({ catalogs: new Map([['prod/shop', stand.catalog]]), policy: () => stand.policy })
/** A gate that remembers this text. */
const gateAfter = async (text: string) => {
  const gate = freshGate()
  for (let turn = 0; turn < 2; turn++) await gate.judge(text, stand.session())
  return gate
}
const only = async (judged: readonly Judgement[] | Promise<readonly Judgement[]>) => (await judged)[0] as Judgement

describe('a text that differs from an earlier one in whole numbers only', () => {
  /** [first, second]: the second is judged with the first in memory, and by a gate that never saw it. */
  const pairs = [
    ['SELECT * FROM orders WHERE id = 1', 'SELECT * FROM orders WHERE id = 23456'],
    ['  SELECT name FROM customers WHERE id = 1 ; ', '  SELECT name FROM customers WHERE id = 99999 ; '],
    ['SELECT email FROM customers WHERE id IN (1, 2)', 'SELECT email FROM customers WHERE id IN (30, 4)'],
    [
      'SELECT id FROM orders WHERE id BETWEEN 1 AND 2 AND status = status LIMIT 3',
      'SELECT id FROM orders WHERE id BETWEEN 5 AND 60 AND status = status LIMIT 7',
    ],
    ['INSERT INTO products (id, price_cents) VALUES (1, 2)', 'INSERT INTO products (id, price_cents) VALUES (10, 20)'],
    [
      'UPDATE products SET in_stock = in_stock - 1 WHERE id = 2',
      'UPDATE products SET in_stock = in_stock - 300 WHERE id = 4',
    ],
    ['DELETE FROM orders WHERE id = 1 OR 1 = 2', 'DELETE FROM orders WHERE id = 1 OR 2 = 2'],
    ['DELETE FROM orders WHERE id = 1 OR NOT id = 2', 'DELETE FROM orders WHERE id = 2 OR NOT id = 2'],
    ['DELETE FROM orders WHERE id + 1 = id + 2', 'DELETE FROM orders WHERE id + 2 = id + 2'],
    ['DELETE FROM orders WHERE (id = 1) = (id = 2)', 'DELETE FROM orders WHERE (id = 1) = (id = 1)'],
    ['DELETE FROM orders WHERE 1 IN (2, 3)', 'DELETE FROM orders WHERE 1 IN (1, 3)'],
    ['DELETE FROM orders WHERE 1 = 2', 'DELETE FROM orders WHERE 1 = 1'],
    [
      'DELETE FROM orders WHERE id IN (SELECT order_id FROM payments WHERE 1 > 2)',
      'DELETE FROM orders WHERE id IN (SELECT order_id FROM payments WHERE 2 > 1)',
    ],
    ['SELECT name, email FROM customers ORDER BY 1', 'SELECT name, email FROM customers ORDER BY 2'],
    ['SELECT count(*), name FROM customers GROUP BY 2', 'SELECT count(*), name FROM customers GROUP BY 1'],
    ['SET statement_timeout = 1', 'SET statement_timeout = 2'],
    ['SELECT float(1), id FROM orders WHERE id = 1', 'SELECT float(2), id FROM orders WHERE id = 1'],
    ['SELECT 1', 'SELECT 2'],
  ] as const
  test.each(pairs)('%s → %s: is judged as if it were the first', async (first, second) => {
    const gate = await gateAfter(first)
    const reused = await only(gate.judge(second, stand.session()))
    const alone = freshGate()
    const judged = await only(alone.judge(second, stand.session()))
    expect(reused).toEqual(judged)
    const nothing = { types: [], formats: [], values: [] }
    const [ours, theirs] = [
      await gate.digest(reused, nothing, stand.session()),
      await alone.digest(judged, nothing, stand.session()),
    ]
    expect(ours).toBe(theirs)
  })

  test('is not parsed again where no number matters', async () => {
    const gate = await gateAfter('SELECT * FROM orders WHERE id = 3')
    const first = await only(gate.judge('SELECT * FROM orders WHERE id = 1', stand.session()))
    const second = await only(gate.judge('SELECT * FROM orders WHERE id = 2', stand.session()))
    expect(second.facts).toBe(first.facts)
    expect(second.text).toBe('SELECT * FROM orders WHERE id = 2')
  })

  test('is judged anew for another identity and another search path', async () => {
    const gate = await gateAfter('SELECT * FROM orders WHERE id = 1')
    const elsewhere = await only(
      gate.judge('SELECT * FROM orders WHERE id = 2', stand.session({ searchPath: 'nowhere' })),
    )
    expect(elsewhere.decision.outcome).toBe('deny')
  })
})

test.each([
  ["SELECT * FROM orders WHERE status = '1'", 'a quote'],
  ['SELECT 1 -- 2', 'a comment'],
  ['SELECT 1 /* 2 */', 'another comment'],
  ['SELECT $1', 'a parameter'],
  ['SELECT "a1" FROM t WHERE x = 1', 'a quoted name'],
  ['SELECT 1 | 2', 'an operator that is not of the few'],
  ['SELECT é FROM t WHERE x = 1', 'a letter beyond ASCII'],
  ['SELECT a FROM t', 'no number'],
])('%s is never taken for a shape: it has %s', (text) => {
  expect(withoutNumbers(text)).toBeNull()
})

test.each([
  ['SELECT a1 FROM t WHERE x = 12', 'SELECT a1 FROM t WHERE x = #', 1],
  [
    'SELECT 1.5, 1e3, 1_000, 0x1F, 9999999999 FROM t WHERE x = 7',
    'SELECT 1.5, 1e3, 1_000, 0x1F, 9999999999 FROM t WHERE x = #',
    1,
  ],
])('%s keeps what is not a whole number that stands alone', (text, shape, numbers) => {
  expect(withoutNumbers(text)).toEqual({ shape, numbers })
})
