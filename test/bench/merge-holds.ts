import { readFileSync } from 'node:fs'
import type { Section } from './figures.ts'
import { type Measured, resumeTable } from './resume-table.ts'

/** `node test/bench/merge-holds.ts FILE…`: one table of what several runs of `bench --only holds --out FILE` measured. */
const runs = process.argv.slice(2).flatMap((file) => {
  const { sections } = JSON.parse(readFileSync(file, 'utf8')) as { readonly sections: readonly Section[] }
  return sections.filter(({ title }) => title.startsWith('Hold to resume')).flatMap(({ raw }) => raw as Measured[])
})
const merged = [...Map.groupBy(runs, ({ backend, place }) => `${backend} ${place}`).values()].map((same) => ({
  ...(same[0] as Measured),
  rounds: same.flatMap(({ rounds }) => rounds),
}))
process.stdout.write(`${resumeTable(merged)}\n`)
