import { afterAll, beforeAll, expect, test } from 'vitest'
import { Confirmations, type Footing } from '../../../proxy/catalog/confirmations.ts'
import { type Sample, sample, targetOf } from '../sql/sample.ts'

let shop: Sample
let confirmations: Confirmations
beforeAll(async () => {
  shop = await sample()
  confirmations = new Confirmations(targetOf(shop.url), 0)
}, 60_000)
afterAll(async () => {
  await confirmations?.close()
  await shop?.[Symbol.asyncDispose]()
})

function footing(name: string): Footing {
  const { snapshot } = shop.catalog
  return {
    snapshot,
    isPlain: true,
    relations: new Set([snapshot.relation('public', name)?.oid as number]),
    relationNames: new Set([name]),
    routines: new Set(),
    routineNames: new Set(),
    domains: new Set(),
  }
}

test('many who ask at once are answered each for what they asked of', async () => {
  const [customers, orders] = [footing('customers'), footing('orders')]
  const ask = () => Promise.all([customers, orders, customers, orders].map((of) => confirmations.unchanged(of)))
  expect(await ask()).toEqual([true, true, true, true])
  await shop.client.query('ALTER TABLE orders ADD COLUMN more int')
  expect(await ask()).toEqual([true, false, true, false])
  await shop.catalog.refresh()
  expect(await ask()).toEqual([true, false, true, false])
  expect(await confirmations.unchanged(footing('orders'))).toBe(true)
})

test('whoever asks while a question is under way hears of what was changed after that was sent', async () => {
  for (let round = 0; round < 10; round++) {
    const of = footing('customers')
    expect(await confirmations.unchanged(of)).toBe(true)
    const before = confirmations.unchanged(of)
    await shop.client.query(`ALTER TABLE customers ADD COLUMN round_${round} int`)
    expect(await confirmations.unchanged(of)).toBe(false)
    await before
    await shop.catalog.refresh()
  }
})

/** Of ours to this database, those that read definitions as well. */
const terminate = `SELECT pg_terminate_backend(pid) AS ended FROM pg_stat_activity
  WHERE datname = current_database() AND application_name = 'holdpoint catalog'`

test('a connection that is lost is opened anew', async () => {
  const of = footing('customers')
  for (let round = 0; round < 3; round++) {
    expect(await confirmations.unchanged(of)).toBe(true)
    const { rows } = await shop.client.query(terminate)
    expect(rows).toContainEqual({ ended: true })
    await expect.poll(() => confirmations.unchanged(of)).toBe(true)
  }
})

test.for<readonly [why: string, confirmations: () => Confirmations]>([
  ['there is no server', () => new Confirmations({ ...targetOf(shop.url), host: '127.0.0.1', port: 1 }, 0)],
  ['it is closed', () => closed()],
])('nothing is confirmed when %s', async ([, made]) => {
  expect(await made().unchanged(footing('customers'))).toBe(false)
})

function closed(): Confirmations {
  const made = new Confirmations(targetOf(shop.url), 0)
  void made.close()
  return made
}
