import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, test } from 'vitest'
import { type Sample, sample } from './sample.ts'

let shop: Sample
beforeAll(async () => {
  shop = await sample()
}, 180_000)
afterAll(() => shop?.[Symbol.asyncDispose]())
test('zz', () => {
  for (const sql of JSON.parse(readFileSync('/tmp/zq.json', 'utf8')) as string[]) {
    process.stderr.write(`> ${sql}\n`)
    for (const a of shop.analyse(sql))
      process.stderr.write(
        `     ${a.text.slice(0, 50).replaceAll('\n', ' ')}: ${a.facts.effects} rel=${a.facts.relations.map((r) => `${r.schema}.${r.name}:${r.access}`)} col=${a.facts.columns.map((c) => `${c.relation}.${c.column}`)} unres=${JSON.stringify(a.facts.unresolved)} changes=${JSON.stringify(a.effects.changes)}\n`,
      )
  }
})
