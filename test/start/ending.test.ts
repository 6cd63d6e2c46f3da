import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import { expect, test, vi } from 'vitest'
import { startHoldpoint } from '../harness/holdpoint.ts'
import { stillRunning, treeOf } from '../harness/processes.ts'

/** A SIGTERM while much is under way and the state database does not answer: what is waited for has a bound, and a setting. */
const PATIENCE = { timeout: 60_000, interval: 50 }

async function connect(url: string): Promise<pg.Client> {
  const client = new pg.Client(url)
  client.on('error', () => undefined)
  await client.connect()
  return client
}

test('whatever does not answer, everything ends, and says what was cut off', { timeout: 180_000 }, async () => {
  await using tree = await startHoldpoint({ env: { HOLDPOINT_DRAIN_MS: '500' } })
  const { state } = JSON.parse(readFileSync(join(tree.data, 'config.json'), 'utf8')) as { state: { url: string } }
  const ana = tree.identity('ana').postgres
  const [direct, own, running, waiting] = await Promise.all([tree.ready.upstream, state.url, ana, ana].map(connect))
  await direct?.query('BEGIN; SELECT FROM products WHERE id = 1 FOR UPDATE')
  const noticed = once(waiting as pg.Client, 'notice')
  const ended = Promise.allSettled([
    running?.query('UPDATE products SET price_cents = price_cents + 1 WHERE id = 1'),
    waiting?.query('UPDATE products SET in_stock = in_stock + 1'),
  ])
  await noticed
  await vi.waitFor(async () => {
    const other = await connect(tree.ready.upstream)
    const { rowCount } = await other.query("SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
    await other.end()
    expect(rowCount).toBe(1)
  }, PATIENCE)
  // From now on nothing that happens to a hold can be recorded, nor can what has happened be moved into the trail.
  await own?.query('BEGIN; LOCK TABLE trail_outbox')
  const processes = treeOf(tree.ready.pid)
  expect(processes.length).toBeGreaterThan(2)

  const gone = once(tree.child, 'exit')
  tree.child.kill('SIGTERM')
  for (const { status } of await ended) expect(status).toBe('rejected')
  await gone
  expect(stillRunning(processes)).toEqual([])
  expect(readFileSync(join(tree.data, 'holdpoint.log'), 'utf8')).toContain('workers and console did not end in time')
})
