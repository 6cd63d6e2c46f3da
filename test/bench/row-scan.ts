import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type BenchOptions, DIRECT, holdpointsOf, missing, PGBOUNCER, type Section } from './figures.ts'
import { transactionsPerSecond } from './pgbench.ts'
import { inTurn, ratio } from './rounds.ts'
import { WIDE_ROWS } from './sample-tables.ts'
import { spreadOf } from './statistics.ts'
import { median, range, table, times } from './table.ts'

const TITLE = `Rows: a scan of ${WIDE_ROWS.toLocaleString('en')} rows of 20 columns, rows per second`
const CLIENTS = 4
const SCANS = [
  { what: 'nothing masked', relation: 'bench_clear', toReach: '≥ 0.95 ×' },
  { what: 'three columns masked', relation: 'bench_masked', toReach: '≥ 0.7 ×' },
]

export async function rowScan({ contestants, pgbench, rounds, seconds, folder, say }: BenchOptions): Promise<Section> {
  if (pgbench === null) return missing(TITLE, 'pgbench is not installed')
  const rows: string[][] = []
  const raw: unknown[] = []
  for (const { what, relation, toReach } of SCANS) {
    say(`rows: ${what}`)
    const script = join(folder, `${relation}.sql`)
    writeFileSync(script, `SELECT * FROM ${relation};\n`)
    const figures = await inTurn({
      contestants,
      rounds,
      measure: async (contestant) =>
        WIDE_ROWS *
        (await transactionsPerSecond({
          program: pgbench,
          contestant,
          mode: 'simple',
          clients: CLIENTS,
          seconds,
          script,
        })),
    })
    raw.push({ what, rowsPerSecond: Object.fromEntries(figures) })
    const of = (name: string) => (figures.has(name) ? spreadOf(figures.get(name) ?? []) : null)
    for (const { name } of holdpointsOf(contestants))
      rows.push([
        what,
        median(of(DIRECT)),
        median(of(PGBOUNCER)),
        name,
        range(of(name)),
        times(ratio(figures, name, PGBOUNCER)),
        toReach,
      ])
  }
  const head = ['', 'direct', 'PgBouncer', '', 'rows/s', '× PgBouncer', 'to reach']
  return { title: TITLE, markdown: table(head, rows), raw }
}
