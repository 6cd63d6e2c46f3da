import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Sample, sample } from './sample.ts'

let shop: Sample

beforeAll(async () => {
  shop = await sample()
})

afterAll(() => shop[Symbol.asyncDispose]())

const flags = (condition: string) => shop.one(`DELETE FROM order_items i WHERE ${condition}`).facts.flags

test.for([
  'true',
  '1 = 1',
  '1 <> 2',
  '2 > 1',
  "'a' = 'a'",
  "'a' <> 'b'",
  'position = position',
  'i.position >= i.position',
  'position IS NOT DISTINCT FROM position',
  'true OR position = 1',
  'position = 1 OR 1 = 1',
  'NOT false',
  'NOT (1 = 2)',
  'position = 1 OR NOT position = 1',
  "sku LIKE '%'",
  'position = 1 OR (true AND 2 > 1)',
  "'t'::boolean",
  "'yes'",
  'random() >= 0',
  "now() > '2000-01-01'",
  '$1',
  '$1 IS NULL OR position = $1',
  'EXISTS (SELECT 1)',
  'EXISTS (SELECT 1 FROM staff)',
  '1 IN (1, 2)',
  'position IN (position)',
  'true IS TRUE',
  'position = 1 OR position = position',
  'i.position = position',
  'position = 1 OR position <> 1',
  'position < 5 OR i.order_id = 2 OR position >= 5',
  'position BETWEEN position AND i.position',
  '(position = position) IS TRUE',
  '(position = position) IS NOT FALSE',
  'coalesce(true, position = 1)',
  'CASE WHEN true THEN true ELSE position = 1 END',
  'CASE WHEN false THEN position = 1 WHEN position = 2 THEN true ELSE 1 = 1 END',
  'CASE position WHEN 1 THEN true ELSE true END',
])('holds nothing back: %s', (condition) => {
  expect(flags(condition)).toEqual(['always_true_where'])
})

test.for([
  'false',
  '1 = 2',
  'NOT true',
  'position = 1',
  'position = 1 AND true',
  'position IS NOT NULL',
  'position > 0',
  'position = $1',
  'position <> position',
  'false OR position = 3',
  "sku LIKE 'a%'",
  'EXISTS (SELECT 1 FROM staff WHERE staff.id = i.position)',
  'order_id IN (SELECT id FROM orders)',
  'NOT (position = 3)',
  'position BETWEEN 1 AND 2',
  'CURRENT OF c',
  'i.position = order_id',
  'position < 5 OR position > 5',
  'position BETWEEN position AND 3',
  '(position = 1) IS NOT FALSE',
  '(position = position) IS FALSE',
  'coalesce(position = 1, true)',
  'CASE WHEN position = 1 THEN true END',
  'CASE WHEN position = 1 THEN true ELSE false END',
  'CASE WHEN true THEN position = 1 ELSE true END',
  'i = ROW(1, 2)',
])('may hold rows back: %s', (condition) => {
  expect(flags(condition)).toEqual([])
})
