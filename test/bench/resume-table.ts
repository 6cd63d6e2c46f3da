import { quantile } from './statistics.ts'
import { table } from './table.ts'

/** One vote, in milliseconds from its arrival. */
export interface Round {
  /** Until the result was at the client. */
  readonly totalMs: number
  /** Until the vote was committed and answered; the rest is waking, judging anew and running. */
  readonly voteMs: number
}

export interface Measured {
  readonly backend: string
  readonly place: string
  readonly rounds: readonly Round[]
}

const OUTLIER_MS = 50
const FAR_OUT_MS = 250
/** The worst of them are in the table, all of them in the raw figures. */
const OUTLIERS_SHOWN = 5
const HEAD = [
  ...['queues on', 'processes', 'holds', 'p50 ms', 'p99 ms', 'p99.9 ms', 'most ms'],
  ...[`over ${OUTLIER_MS} ms`, `over ${FAR_OUT_MS} ms`, `worst over ${OUTLIER_MS} ms`, 'to reach'],
]

export function resumeTable(measured: readonly Measured[]): string {
  return table(HEAD, measured.map(rowOf))
}

function rowOf({ backend, place, rounds }: Measured): string[] {
  const sorted = rounds.map(({ totalMs }) => totalMs).sort((a, b) => a - b)
  const over = (ms: number): string => `${sorted.filter((value) => value > ms).length}`
  const worst = rounds
    .map((round, index) => ({ index, ...round }))
    .filter(({ totalMs }) => totalMs > OUTLIER_MS)
    .sort((a, b) => b.totalMs - a.totalMs)
    .slice(0, OUTLIERS_SHOWN)
  return [
    ...[backend, place, `${sorted.length}`],
    ...[0.5, 0.99, 0.999, 1].map((share) => shown(quantile(sorted, share))),
    ...[over(OUTLIER_MS), over(FAR_OUT_MS)],
    worst.map(({ index, totalMs, voteMs }) => `#${index}: ${shown(totalMs)}, vote ${shown(voteMs)}`).join('; ') ||
      'none',
    'p99 ≤ 50 ms, none over 250 ms',
  ]
}

const shown = (ms: number): string => ms.toFixed(1)
