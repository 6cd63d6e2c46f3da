import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { RawClient } from '../proxy/session/raw-client.ts'
import { canariesIn } from './canaries.ts'
import { queriesOverLabels } from './queries-over-labels.ts'
import { openStand, type Stand } from './stand.ts'
import { drive, simple, type Way, ways } from './ways.ts'

/** Who is shown nothing in the clear. */
const people = ['ana', 'report-bot'] as const

let stand: Stand
const clients = new Map<string, RawClient>()
beforeAll(async () => {
  stand = await openStand()
}, 180_000)
afterAll(async () => {
  for (const client of clients.values()) client.close()
  await stand?.[Symbol.asyncDispose]()
})

/** Everything that comes back; a connection that was ended is made anew for the next one. */
async function bytesOf(person: string, sql: string, { messages }: Way): Promise<Buffer> {
  let client = clients.get(person)
  if (client === undefined) {
    client = person === 'direct' ? await RawClient.open(stand.database.url) : await stand.open(person)
    clients.set(person, client)
  }
  const before = client.received.length
  try {
    await drive(client, messages(sql))
  } catch {
    clients.delete(person)
  }
  return Buffer.concat(client.received.slice(before).map(({ bytes }) => bytes))
}

describe.each(Object.entries(queriesOverLabels))('%s', (row, queries) => {
  test.for(queries.map((sql) => sql.replaceAll(/\s+/g, ' ')))(`${row.split(' ')[0]} %s`, async (sql) => {
    expect(canariesIn(await bytesOf('direct', sql, simple)), 'the attack itself').not.toEqual([])
    const leaks: string[] = []
    for (const person of people) {
      for (const way of ways) {
        const found = canariesIn(await bytesOf(person, sql, way))
        if (found.length > 0) leaks.push(`${person}, ${way.name}: ${found.join('; ')}`)
        if (!clients.has(person)) leaks.push(`${person}, ${way.name}: the connection was ended`)
      }
    }
    expect(leaks).toEqual([])
  })
})
