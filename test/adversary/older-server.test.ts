import pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type OlderServer, serverOfPgDump } from '../harness/server-of-pg-dump.ts'
import { type Message, type RawClient, reportOf } from '../proxy/session/raw-client.ts'
import { canariesIn } from './canaries.ts'
import { dangers } from './dangers.ts'
import { asked, oracles } from './oracles.ts'
import { queriesOverLabels } from './queries-over-labels.ts'
import { openStand, type Stand } from './stand.ts'
import { statementsOverLabels } from './statements-over-labels.ts'
import { drive, simple } from './ways.ts'

/** A part of the lists of attacks once more, in one way, before a PostgreSQL that is several versions older. */
let older: OlderServer | null
let stand: Stand
beforeAll(async () => {
  older = await serverOfPgDump()
  if (older === null) return
  const admin = new pg.Client(older.url)
  await admin.connect()
  await admin.query("CREATE ROLE shop SUPERUSER LOGIN PASSWORD 'shop'")
  await admin.query('CREATE DATABASE shop OWNER shop')
  await admin.end()
  const url = new URL(older.url)
  Object.assign(url, { username: 'shop', password: 'shop', pathname: '/attacked' })
  const maker = new pg.Client({ connectionString: url.href.replace('/attacked', '/shop') })
  await maker.connect()
  await maker.query('CREATE DATABASE attacked')
  await maker.end()
  const ended = async (): Promise<void> => undefined
  stand = await openStand(asked, {}, { url: url.href, name: 'attacked', [Symbol.asyncDispose]: ended })
}, 180_000)
afterAll(async () => {
  await stand?.[Symbol.asyncDispose]()
  await older?.[Symbol.asyncDispose]()
})

/** On one connection for each person, made anew when it was ended. */
async function said(clients: Map<string, RawClient>, person: string, sql: string): Promise<readonly Message[]> {
  const client = clients.get(person) ?? (await stand.open(person))
  clients.set(person, client)
  const before = client.received.length
  await drive(client, simple.messages(sql)).catch(() => clients.delete(person))
  return client.received.slice(before)
}

const people = ['ana', 'report-bot']

/** A third of a list: each of its kinds comes up, and the whole is gone through on the run's own server. */
const third = <T>(list: readonly T[]): readonly T[] => list.filter((_, index) => index % 3 === 1)

test('C1 to C10 nothing in the clear comes back from an older server', async (context) => {
  if (older === null) return context.skip('no older PostgreSQL on this machine')
  const clients = new Map<string, RawClient>()
  const leaks: string[] = []
  let masked = 0
  const attacks = [
    ...Object.values(queriesOverLabels).flatMap((list) => list.map((sql) => [sql])),
    ...Object.values(statementsOverLabels).flat(),
    ...Object.values(oracles).flatMap((list) => list.map((sql) => [sql.replaceAll('~', 'z')])),
  ]
  for (const [index, attack] of third(attacks).entries()) {
    for (const person of index % 4 === 0 ? people : people.slice(0, 1)) {
      for (const sql of attack) {
        const answer = await said(clients, person, sql)
        if (answer.some(({ type }) => type === 'D')) masked++
        for (const found of canariesIn(Buffer.concat(answer.map(({ bytes }) => bytes))))
          leaks.push(`${person}: ${sql}: ${found}`)
      }
      await said(clients, person, 'ROLLBACK; DEALLOCATE ALL; CLOSE ALL')
    }
  }
  for (const client of clients.values()) client.close()
  expect(leaks).toEqual([])
  expect(masked).toBeGreaterThan(40)
}, 120_000)

test('C5 C7 C9 no oracle answers on an older server', async (context) => {
  if (older === null) return context.skip('no older PostgreSQL on this machine')
  const clients = new Map<string, RawClient>()
  const differing: string[] = []
  for (const sql of third(Object.values(oracles).flat())) {
    const [right, wrong] = [[], []] as [string[], string[]]
    for (const [guess, heard] of [
      ['z', right],
      ['q', wrong],
    ] as const)
      for (const each of sql.replaceAll('~', guess).split('; ')) {
        const answer = await said(clients, 'ana', each)
        heard.push(
          reportOf(answer).C ?? '',
          String(answer.filter(({ type }) => type === 'D').map(({ bytes }) => bytes.toString('latin1'))),
        )
      }
    if (String(right) !== String(wrong)) differing.push(sql)
    await said(clients, 'ana', 'ROLLBACK; DEALLOCATE ALL')
  }
  for (const client of clients.values()) client.close()
  expect(differing).toEqual([])
}, 120_000)

test('E what is dangerous is not run on an older server', async (context) => {
  if (older === null) return context.skip('no older PostgreSQL on this machine')
  const ran: string[] = []
  for (const [answer, ...statements] of third(Object.values(dangers).flat())) {
    const clients = new Map<string, RawClient>()
    let last: readonly Message[] = []
    for (const sql of statements) last = await said(clients, 'ana', sql)
    const code = reportOf(last).C ?? ''
    // What only newer servers have is refused by the older one, or named as missing.
    const refused = answer === 'error' || /^(42501|YH001|42601|42883|42704)$/.test(code)
    if (!refused || last.some(({ type }) => type === 'C')) ran.push(`${answer} ${code}: ${statements.join('; ')}`)
    for (const client of clients.values()) client.close()
  }
  expect(ran).toEqual([])
  expect((await stand.direct.query('SELECT count(*)::int AS n FROM payments')).rows).toEqual([{ n: 8 }])
}, 120_000)
