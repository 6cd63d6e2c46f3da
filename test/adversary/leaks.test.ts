import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { RawClient, reportOf } from '../proxy/session/raw-client.ts'
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

describe('C9 what people need of a masked column goes on', () => {
  test.for([
    "SELECT name FROM customers WHERE email = 'zqkvxj1@wpfhqyd.org'",
    "SELECT name FROM customers WHERE upper(email) = upper('zqkvxj1@wpfhqyd.org')",
    "SELECT name FROM customers WHERE email IN ('a', 'b') OR phone = ANY (ARRAY['1', '2'])",
    'SELECT count(*) FROM customers WHERE email IS NOT NULL',
    'SELECT email FROM customers ORDER BY email LIMIT 2',
    'SELECT email, count(*) FROM customers GROUP BY email ORDER BY 1',
    'SELECT DISTINCT email, phone FROM customers',
    'SELECT email FROM customers UNION SELECT email FROM staff',
    'SELECT c.name, s.role FROM customers c LEFT JOIN staff s USING (email)',
    'SELECT c.name FROM customers c JOIN staff s ON c.email = s.email',
    "UPDATE customers SET name = 'n' WHERE email = 'nobody'",
  ])('C9 %s', async (sql) => {
    const client = await stand.open('ana')
    const said = await client.ask(sql)
    expect(reportOf(said).C).toBeUndefined()
    expect(canariesIn(Buffer.concat(said.map(({ bytes }) => bytes)))).toEqual([])
    client.close()
  })
})
