import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Contestant, connection } from './contestants.ts'
import { run } from './programs.ts'

export type Mode = 'simple' | 'extended' | 'prepared'
export const MODES: readonly Mode[] = ['simple', 'extended', 'prepared']

export interface PgbenchOptions {
  readonly program: string
  readonly contestant: Contestant
  readonly mode: Mode
  readonly clients: number
  readonly seconds: number
  /** A file with the statements to run instead of pgbench's own SELECT. */
  readonly script?: string
  /** pgbench's own writing transaction instead. */
  readonly tpcb?: boolean
}

/** Transactions per second, without the time to connect. */
export async function transactionsPerSecond(options: PgbenchOptions): Promise<number> {
  const said = await pgbench(options, [])
  const tps = /tps = ([\d.]+) \(without/.exec(said)?.[1]
  const failed = /number of failed transactions: (\d+)/.exec(said)?.[1]
  if (tps === undefined || (failed !== undefined && failed !== '0'))
    throw new Error(`pgbench, ${options.contestant.name}: ${said}`)
  return Number(tps)
}

/** How long each transaction took, in microseconds, ascending. */
export async function latencies(options: PgbenchOptions): Promise<readonly number[]> {
  const folder = mkdtempSync(join(tmpdir(), 'holdpoint-latency-'))
  try {
    await pgbench(options, ['--log', `--log-prefix=${join(folder, 'log')}`])
    const lines = readdirSync(folder).flatMap((name) => readFileSync(join(folder, name), 'utf8').trim().split('\n'))
    return Float64Array.from(lines, (line) => Number(line.split(' ')[2])).toSorted() as unknown as readonly number[]
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

async function pgbench(options: PgbenchOptions, more: readonly string[]): Promise<string> {
  const { program, contestant, mode, clients, seconds, script, tpcb } = options
  const { url, env } = connection(contestant.url)
  const reads = tpcb === true ? [] : ['--select-only']
  const what = script === undefined ? reads : [`--file=${script}`]
  const threads = Math.min(clients, cpus().length)
  return run(
    program,
    [
      '--no-vacuum',
      ...what,
      `--protocol=${mode}`,
      `--client=${clients}`,
      `--jobs=${threads}`,
      `--time=${seconds}`,
      ...more,
      url,
    ],
    env,
  )
}
