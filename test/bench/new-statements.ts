import pg from 'pg'
import type { Contestant } from './contestants.ts'
import { type BenchOptions, DIRECT, holdpointsOf, type Section } from './figures.ts'
import { inTurn } from './rounds.ts'
import { quantile, spreadOf } from './statistics.ts'
import { range, table } from './table.ts'

const TITLE = 'A statement never seen before: parse, facts, policy and record'
const SIZES = [
  { bytes: 46, toReach: '≤ 150 µs' },
  { bytes: 400, toReach: '≤ 300 µs' },
  { bytes: 4_096, toReach: '≤ 1,500 µs' },
]
const STATEMENTS = 2_000
/** Sent first and not counted: a process that just started compiles as it goes. */
const WARMING = 1_000
/** The kernel counts CPU in hundredths of a second, so that it is read for many statements at once. */
const BATCH = 500

/** Each text is sent once and never again. CPU is the proxy's own, everything it does for the statement included. */
export async function newStatements({ contestants, rounds, say }: BenchOptions): Promise<Section> {
  const rows: string[][] = []
  const raw: unknown[] = []
  const compared = contestants.filter(
    ({ name }) => name === DIRECT || holdpointsOf(contestants).some((own) => own.name === name),
  )
  for (const { bytes, toReach } of SIZES) {
    say(`statements never seen before: ${bytes} bytes`)
    const cpu = new Map(compared.map(({ name }): [string, number[]] => [name, []]))
    const measure = async (contestant: Contestant): Promise<number> => {
      const measured = await measureStatements(contestant, bytes)
      if (measured.cpuMicroseconds !== null) cpu.get(contestant.name)?.push(measured.cpuMicroseconds)
      return measured.p50Microseconds
    }
    const p50 = await inTurn({ contestants: compared, rounds, measure })
    raw.push({ bytes, p50: Object.fromEntries(p50), cpu: Object.fromEntries(cpu) })
    const directly = spreadOf(p50.get(DIRECT) ?? [])
    for (const { name } of holdpointsOf(contestants)) {
      const own = cpu.get(name) ?? []
      const cpuSpread = own.length === 0 ? null : spreadOf(own)
      rows.push([`${bytes} B`, range(directly), name, range(spreadOf(p50.get(name) ?? [])), range(cpuSpread), toReach])
    }
  }
  const head = ['', 'direct, p50 µs', '', 'p50 µs', 'CPU µs a statement (p50 of batches)', 'to reach (CPU)']
  return { title: TITLE, markdown: table(head, rows), raw }
}

let unique = 0

interface Measured {
  readonly p50Microseconds: number
  /** Of the batches of BATCH statements, the middle one's mean; null where the process cannot be looked at. */
  readonly cpuMicroseconds: number | null
}

async function measureStatements(contestant: Contestant, bytes: number): Promise<Measured> {
  const client = new pg.Client(contestant.url)
  await client.connect()
  try {
    const took: number[] = []
    const cpu: number[] = []
    for (let statement = 0; statement < WARMING; statement++) await client.query(statementOf(bytes))
    for (let batch = 0; batch < STATEMENTS / BATCH; batch++) {
      const before = contestant.cpuSeconds()
      for (let statement = 0; statement < BATCH; statement++) took.push(await timed(client, statementOf(bytes)))
      const after = contestant.cpuSeconds()
      if (before !== null && after !== null) cpu.push(((after - before) * 1e6) / BATCH)
    }
    return { p50Microseconds: median(took), cpuMicroseconds: cpu.length === 0 ? null : median(cpu) }
  } finally {
    await client.end()
  }
}

async function timed(client: pg.Client, text: string): Promise<number> {
  const start = performance.now()
  await client.query(text)
  return (performance.now() - start) * 1000
}

function median(figures: readonly number[]): number {
  return quantile(
    figures.toSorted((a, b) => a - b),
    0.5,
  )
}

/** Another text every time, in names as well as in numbers, so that no normalising helps. */
function statementOf(bytes: number): string {
  const name = `n${(unique++).toString(36).padStart(6, '0')}`
  const begin = `SELECT bid ${name} FROM bench_small b`
  if (bytes <= 60) return begin.padEnd(bytes)
  let text = `${begin} WHERE bid = 1`
  for (let term = 2; text.length < bytes - 40; term++) text += ` OR (b.bid = ${term} AND b.bbalance > ${unique})`
  return text
}
