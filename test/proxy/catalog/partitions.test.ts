import { afterAll, beforeAll, expect, test } from 'vitest'
import type { LabelRules } from '../../../proxy/catalog/column-sources.ts'
import { type Sample, sample } from '../sql/sample.ts'

/** Only one table's column is sensitive, and its name says nothing. */
const outright: LabelRules = {
  labelsFor: ({ relation, column }) => (relation === 'kept' && column === 'note' ? ['secret'] : []),
}

let shop: Sample
beforeAll(async () => {
  shop = await sample(`
    CREATE TABLE whole (id int, note text) PARTITION BY LIST (id);
    CREATE TABLE one PARTITION OF whole FOR VALUES IN (1);
    CREATE TABLE part PARTITION OF whole FOR VALUES IN (3, 4) PARTITION BY LIST (id);
    CREATE TABLE three PARTITION OF part FOR VALUES IN (3);
    CREATE TABLE kept (id int, note text);
    CREATE TABLE elders (id int, note text);
    CREATE TABLE heirs () INHERITS (elders)`)
  shop.catalog.relabel(outright)
})
afterAll(() => shop[Symbol.asyncDispose]())

const labelsOf = (sql: string) => shop.one(sql).outputs?.[0]?.sources.flatMap(({ labels }) => labels)
const reads = ['whole', 'one', 'part', 'three'].map((table) => `SELECT note FROM ${table}`)

test('what is attached lends its labels to everything its rows can be read through or moved into', async () => {
  for (const sql of reads) expect(labelsOf(sql), sql).toEqual([])
  await shop.client.query('ALTER TABLE whole ATTACH PARTITION kept FOR VALUES IN (2)')
  await shop.catalog.refresh()
  for (const sql of reads) expect(labelsOf(sql), sql).toEqual(['secret'])
  // The row that was labelled lies in another partition then.
  await shop.client.query("INSERT INTO whole VALUES (2, 'x')")
  await shop.client.query('UPDATE whole SET id = 3 WHERE id = 2')
  expect((await shop.client.query('SELECT note FROM three')).rows).toEqual([{ note: 'x' }])
})

test('what is detached keeps its labels, and so do the others: its rows may lie in them by now', async () => {
  await shop.client.query('ALTER TABLE whole DETACH PARTITION kept')
  await shop.catalog.refresh()
  expect(labelsOf('SELECT note FROM kept')).toEqual(['secret'])
  for (const sql of reads) expect(labelsOf(sql), sql).toEqual(['secret'])
})

test('a table’s own children are no siblings: nothing moves between them', async () => {
  await shop.client.query('ALTER TABLE kept INHERIT elders')
  await shop.catalog.refresh()
  expect(labelsOf('SELECT note FROM elders')).toEqual(['secret'])
  expect(labelsOf('SELECT note FROM heirs')).toEqual([])
})
