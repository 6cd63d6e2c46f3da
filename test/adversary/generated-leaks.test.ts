import { serialize } from 'pg-protocol'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { RawClient } from '../proxy/session/raw-client.ts'
import { canariesIn } from './canaries.ts'
import { generator } from './generator.ts'
import { openStand, type Stand } from './stand.ts'
import { drive, ways } from './ways.ts'

/** Anew at every run where SEED says so; the same otherwise, so that a red run can be looked at. */
const SEED = 20_260_101
const QUERIES = 2_000

let stand: Stand
beforeAll(async () => {
  stand = await openStand()
}, 180_000)
afterAll(() => stand?.[Symbol.asyncDispose]())

const shortest = ways.filter(({ name }) => !/view|table|COPY|EXPLAIN|late/.test(name))

test('C1 C2 the queries are good ones: most run, and most of those give something away directly', async () => {
  const { query } = generator(SEED)
  const client = await RawClient.open(stand.database.url)
  let ran = 0
  let telling = 0
  for (let count = 0; count < 200; count++) {
    const said = await drive(client, [serialize.query(query())])
    if (!said.some(({ type }) => type === 'E')) ran++
    if (canariesIn(Buffer.concat(said.map(({ bytes }) => bytes))).length > 0) telling++
  }
  expect(ran).toBeGreaterThan(150)
  expect(telling).toBeGreaterThan(80)
  client.close()
})

test.each([
  ['ana', SEED],
  ['ana', SEED + 1],
  ['report-bot', SEED + 2],
] as const)(
  `C1 C2 C9 none of ${QUERIES} random queries gives anything to %s (seed %s)`,
  async (person, seed) => {
    const { query } = generator(seed)
    let client = await stand.open(person)
    for (let count = 0; count < QUERIES / 2; count++) {
      const sql = query()
      const way = shortest[count % shortest.length] as (typeof shortest)[number]
      const before = client.received.length
      const ended = await drive(client, way.messages(sql)).then(
        () => false,
        () => true,
      )
      const leaks = canariesIn(Buffer.concat(client.received.slice(before).map(({ bytes }) => bytes)))
      expect(leaks, `${way.name}: ${sql}`).toEqual([])
      expect(ended, `the connection ended: ${way.name}: ${sql}`).toBe(false)
      if (count % 100 === 99) {
        client.close()
        client = await stand.open(person)
      }
    }
    client.close()
  },
  120_000,
)
