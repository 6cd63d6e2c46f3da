import { type BenchOptions, DIRECT, holdpointsOf, missing, PGBOUNCER, type Section } from './figures.ts'
import { latencies, MODES, type Mode } from './pgbench.ts'
import { type Figures, inTurn } from './rounds.ts'
import { quantile, type Spread, spreadOf } from './statistics.ts'
import { range, table, times } from './table.ts'

const TITLE = 'Latency added: one client, µs over a direct connection'

export async function latency(options: BenchOptions): Promise<Section> {
  const { pgbench, contestants, say } = options
  if (pgbench === null) return missing(TITLE, 'pgbench is not installed')
  const rows: string[][] = []
  const raw: unknown[] = []
  for (const mode of MODES) {
    say(`latency: ${mode}`)
    const { p50, p99 } = await percentiles(options, pgbench, mode)
    raw.push({ mode, p50: Object.fromEntries(p50), p99: Object.fromEntries(p99) })
    for (const { name } of holdpointsOf(contestants)) {
      rows.push(row(`${mode}, p50`, p50, name, '≤ 1.5 ×'))
      rows.push(row(`${mode}, p99`, p99, name, '≤ 2 ×'))
    }
  }
  const head = ['', 'direct takes', 'PgBouncer adds', '', 'adds', '× PgBouncer', 'to reach']
  return { title: TITLE, markdown: table(head, rows), raw }
}

/** One run gives both figures. */
async function percentiles(
  options: BenchOptions,
  program: string,
  mode: Mode,
): Promise<{ p50: Figures; p99: Figures }> {
  const { contestants, rounds, seconds } = options
  const p99 = new Map(contestants.map(({ name }): [string, number[]] => [name, []]))
  const p50 = await inTurn({
    contestants,
    rounds,
    measure: async (contestant) => {
      const all = await latencies({ program, contestant, mode, clients: 1, seconds })
      p99.get(contestant.name)?.push(quantile(all, 0.99))
      return quantile(all, 0.5)
    },
  })
  return { p50, p99 }
}

function row(what: string, figures: Figures, name: string, toReach: string): string[] {
  const directly = figures.get(DIRECT) ?? []
  const pgbouncer = added(figures, PGBOUNCER)
  const own = added(figures, name)
  const compared =
    pgbouncer === null || own === null
      ? null
      : spreadOf(own.map((value, round) => value / (pgbouncer[round] as number)))
  return [what, range(spreadOf(directly)), range(spread(pgbouncer)), name, range(spread(own)), times(compared), toReach]
}

function spread(values: readonly number[] | null): Spread | null {
  return values === null ? null : spreadOf(values)
}

function added(figures: Figures, name: string): readonly number[] | null {
  const values = figures.get(name)
  const directly = figures.get(DIRECT) ?? []
  return values === undefined || values.length === 0
    ? null
    : values.map((value, round) => value - (directly[round] as number))
}
