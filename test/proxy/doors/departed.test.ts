import pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type DoorsStand, openDoorsStand } from './doors-stand.ts'

/** F8: what was opened with a credential that was good ends when its bearer leaves, or the token is revoked. */
let stand: DoorsStand
beforeAll(async () => {
  stand = await openDoorsStand()
}, 60_000)
afterAll(() => stand[Symbol.asyncDispose]())

/** The SQLSTATE that the server said goodbye with. */
function ended(client: pg.Client): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>()
  client.on('error', (error: Error) => resolve('code' in error ? String(error.code) : error.message))
  return promise
}

async function deactivate(subject: string): Promise<void> {
  await stand.workflows.directory.setActive(stand.keys.issuer, subject, false)
}

test('somebody who is deactivated: their sessions, their agents’, what they wait for and what they follow', async () => {
  const [own, agents, other] = [await stand.wire('dora'), await agentOf('dora'), await stand.wire('ana')]
  const waiting = await stand.wire('dora', {}, 'wait')
  waiting.on('error', () => undefined) // its query is told
  const left = new Promise<void>((resolve) => void waiting.once('end', resolve))
  const { hold } = (await stand.statement('dora', "UPDATE orders SET status = 'open'")).body
  const headers = { authorization: `Bearer ${await stand.token('dora')}` }
  const followed = (await fetch(`${stand.base}/v1/holds/${hold.id}/events`, { headers })).text()
  const goodbyes = [ended(own), ended(agents)]
  const waits = waiting.query("UPDATE orders SET status = 'gone'").catch((error: { code: string }) => error.code)
  const abandoned = async () =>
    (await stand.workflows.holds.list({ status: 'abandoned' })).map(({ statement }) => statement).sort()
  await expect.poll(() => stand.workflows.holds.list({ status: 'pending' })).toHaveLength(2)
  await deactivate('dora')
  expect(await Promise.all(goodbyes)).toEqual(['57P05', '57P05'])
  // Its session is ended, and so is its hold, by another process: it hears of what comes first.
  expect(['57P05', 'YH003']).toContain(await waits)
  await left
  expect(await followed).toContain('"status":"pending"')
  await expect
    .poll(abandoned, { timeout: 20_000 })
    .toEqual(["UPDATE orders SET status = 'gone'", "UPDATE orders SET status = 'open'"])
  expect((await other.query('SELECT 1')).rowCount).toBe(1)
  await other.end()
}, 40_000)

test('a service whose token is revoked, as soon as it has no other', async () => {
  const expiresAt = new Date(Date.now() + 3_600_000)
  const made = { name: 'etl', kind: 'service' as const, groups: ['services'], actsFor: null, expiresAt, scopes: [] }
  const { serviceTokens } = stand.workflows
  const [one, two] = [await serviceTokens.create(made), await serviceTokens.create(made)]
  const { hostname, port } = new URL(stand.wireUrl)
  const client = new pg.Client({
    host: hostname,
    port: Number(port),
    user: 'etl',
    password: one.token,
    database: 'prod/shop',
  })
  await client.connect()
  const goodbye = ended(client)
  await serviceTokens.revoke(two.id)
  expect((await client.query('SELECT 1')).rowCount).toBe(1)
  await serviceTokens.revoke(one.id)
  expect(await goodbye).toBe('57P05')
}, 40_000)

function agentOf(person: string): Promise<pg.Client> {
  const act = { sub: 'report-bot', preferred_username: 'report-bot', groups: ['agents'] }
  return stand.wire('report-bot', { sub: person, preferred_username: person, groups: ['engineers'], act })
}
