import { connection } from './contestants.ts'
import { type BenchOptions, DIRECT, holdpointsOf, missing, PGBOUNCER, type Section } from './figures.ts'
import { timed } from './programs.ts'
import { inTurn, ratio } from './rounds.ts'
import { spreadOf } from './statistics.ts'
import { median, range, table, times } from './table.ts'

const TITLE = 'COPY out: psql, text format, MB per second'

/** Three columns masked is no row yet: by the default policies such a COPY is refused. */
export async function copyOut(options: BenchOptions & { readonly megabytes: number }): Promise<Section> {
  const { contestants, psql, rounds, megabytes, say } = options
  if (psql === null) return missing(TITLE, 'psql is not installed')
  say(`COPY out: ${megabytes} MB`)
  const figures = await inTurn({
    contestants,
    rounds,
    measure: async (contestant) => {
      const { url, env } = connection(contestant.url)
      const copy = 'COPY bench_copy_clear TO STDOUT'
      return megabytes / (await timed(psql, ['--no-psqlrc', '--quiet', '-v', 'ON_ERROR_STOP=1', '-c', copy, url], env))
    },
  })
  const of = (name: string) => (figures.has(name) ? spreadOf(figures.get(name) ?? []) : null)
  const rows = holdpointsOf(contestants).map(({ name }) => [
    `${megabytes} MB, nothing masked`,
    median(of(DIRECT)),
    median(of(PGBOUNCER)),
    name,
    range(of(name)),
    times(ratio(figures, name, PGBOUNCER)),
    '≥ 0.95 ×',
  ])
  const head = ['', 'direct', 'PgBouncer', '', 'MB/s', '× PgBouncer', 'to reach']
  return {
    title: TITLE,
    markdown: table(head, rows),
    raw: { megabytes, megabytesPerSecond: Object.fromEntries(figures) },
  }
}
