import { type BenchOptions, DIRECT, holdpointsOf, missing, PGBOUNCER, type Section } from './figures.ts'
import { MODES, transactionsPerSecond } from './pgbench.ts'
import { type Figures, inTurn, ratio } from './rounds.ts'
import { spreadOf } from './statistics.ts'
import { median, range, table, times } from './table.ts'

const TITLE = 'Throughput: pgbench -S, transactions per second'
const CLIENTS = [1, 8, 32]

export async function throughput(options: BenchOptions): Promise<Section> {
  const { contestants, pgbench, rounds, seconds, say } = options
  if (pgbench === null) return missing(TITLE, 'pgbench is not installed')
  const rows: string[][] = []
  const raw: unknown[] = []
  for (const mode of MODES)
    for (const clients of CLIENTS) {
      say(`throughput: ${mode}, ${clients} clients`)
      const measure = (contestant: (typeof contestants)[number]) =>
        transactionsPerSecond({ program: pgbench, contestant, mode, clients, seconds })
      const figures = await inTurn({ contestants, rounds, measure })
      raw.push({ mode, clients, tps: Object.fromEntries(figures) })
      for (const { name } of holdpointsOf(contestants)) rows.push(row(mode, clients, figures, name))
    }
  const head = ['mode', 'clients', 'direct', 'PgBouncer', '', 'tps', '× PgBouncer', '× direct', 'to reach']
  return { title: TITLE, markdown: table(head, rows), raw }
}

function row(mode: string, clients: number, figures: Figures, name: string): string[] {
  const of = (contestant: string) => {
    const values = figures.get(contestant)
    return values === undefined || values.length === 0 ? null : spreadOf(values)
  }
  return [
    mode,
    `${clients}`,
    median(of(DIRECT)),
    median(of(PGBOUNCER)),
    name,
    range(of(name)),
    times(ratio(figures, name, PGBOUNCER)),
    times(ratio(figures, name, DIRECT)),
    clients === 1 ? '' : /\(1 worker\)/.test(name) ? '≥ 0.8 ×' : '≥ 1.0 ×',
  ]
}
