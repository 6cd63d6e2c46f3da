import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import type { HoldpointTree } from './contestants.ts'
import { quantile } from './statistics.ts'
import { table } from './table.ts'

/** What it costs everybody else when all that wait run out in one second. */
export interface RanOut {
  readonly statements: readonly number[]
  /** From that second until none is pending, and until the trail's and the deliveries' outboxes are empty. */
  readonly endedMs: number
  readonly drainedMs: number
  /** Holds that were told of otherwise than once. */
  readonly notOnce: number
  readonly proxyMb: number
  readonly botMb: number
}

const GIVEN_UP_MS = 240_000
const BEFORE_MS = 2_000

const LEFT = `
  SELECT (SELECT count(*)::int FROM hold WHERE status = 'pending' AND expires_at <= $1) AS pending,
    (SELECT count(*)::int FROM trail_outbox) AS events,
    (SELECT count(*)::int FROM outbox WHERE sent_at IS NULL AND given_up_at IS NULL) AS notices`

export async function runOut(tree: HoldpointTree, at: number): Promise<RanOut> {
  const { state } = JSON.parse(readFileSync(join(tree.data, 'config.json'), 'utf8')) as { state: { url: string } }
  await using stack = new AsyncDisposableStack()
  const connect = async (url: string): Promise<pg.Client> => {
    const client = new pg.Client(url)
    await client.connect()
    stack.defer(() => client.end())
    return client
  }
  const [client, own] = [await connect(tree.url), await connect(state.url)]
  await sleep(Math.max(0, at - BEFORE_MS - Date.now()))
  const statements: number[] = []
  let [endedMs, drainedMs] = [Number.NaN, Number.NaN]
  const asking = (async () => {
    while (Number.isNaN(drainedMs)) {
      const start = performance.now()
      await client.query('SELECT 1')
      statements.push(performance.now() - start)
      await sleep(5)
    }
  })()
  while (Number.isNaN(drainedMs) && Date.now() < at + GIVEN_UP_MS) {
    const { rows } = await own.query<Record<'pending' | 'events' | 'notices', number>>(LEFT, [new Date(at)])
    const [left] = rows
    const since = Date.now() - at
    if (since > 0 && left?.pending === 0 && Number.isNaN(endedMs)) endedMs = since
    if (!Number.isNaN(endedMs) && left?.events === 0 && left.notices === 0) drainedMs = since
    await sleep(200)
  }
  if (Number.isNaN(drainedMs)) drainedMs = Number.POSITIVE_INFINITY
  await asking
  const { rows: odd } = await own.query(
    `SELECT event ->> 'hold' FROM trail_outbox WHERE name = 'hold.settled' UNION ALL
     SELECT hold FROM outbox WHERE reason = 'settled' GROUP BY hold, delivery HAVING count(*) <> 1`,
  )
  const notOnce = odd.length
  const memory = { proxyMb: tree.proxyMegabytes(), botMb: tree.mainMegabytes() }
  return { statements: statements.sort((a, b) => a - b), endedMs, drainedMs, notOnce, ...memory }
}

export function runOutTable(ran: RanOut, pending: number): string {
  const [ms, s] = [(value: number) => `${value.toFixed(1)} ms`, (value: number) => `${(value / 1_000).toFixed(1)} s`]
  const rows = [
    ['an allowed statement meanwhile, p50', ms(quantile(ran.statements, 0.5)), ''],
    ['an allowed statement meanwhile, p99', ms(quantile(ran.statements, 0.99)), ''],
    ['an allowed statement meanwhile, most', ms(quantile(ran.statements, 1)), '≤ 50 ms'],
    ['until all are expired', s(ran.endedMs), ''],
    ['until outbox and trail have been emptied', s(ran.drainedMs), ''],
    ['told otherwise than once', `${ran.notOnce}`, '0'],
    ['resident: the proxy process', `${ran.proxyMb.toFixed(1)} MB`, ''],
    ['resident: worker and bot', `${ran.botMb.toFixed(1)} MB`, ''],
  ]
  return table([`${pending.toLocaleString('en')} run out in one second`, '', 'to reach'], rows)
}
