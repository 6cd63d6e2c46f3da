import pg from 'pg'
import { serialize } from 'pg-protocol'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { decodeReport } from '../../../proxy/wire/messages/error-response.ts'
import { createHolds, type KeptHolds } from '../../../workflows/holds/holds.ts'
import { openState } from '../../../workflows/state/state.ts'
import { approve, idleQueues, openStage, type Stage } from '../../workflows/stage.ts'
import { type Message, RawClient, transcript } from './raw-client.ts'
import { sessionServer, type TestServer } from './session-server.ts'

/**
 * Two proxies over one state database, each with its own connections, and real holds. What has run is counted in the
 * target itself: every statement leaves a row.
 */
const ROUNDS = 1_000
const AT_ONCE = 10
const EXPIRIES = 40
const TIMEOUT = { timeout: 120_000 }

let stage: Stage
let secondPool: pg.Pool
let second: KeptHolds
let proxies: readonly [TestServer, TestServer]
let target: pg.Client
beforeAll(async () => {
  stage = await openStage()
  secondPool = openState(stage.url)
  const { now, log } = stage
  second = createHolds({ pool: secondPool, queues: idleQueues, pendingMax: 10_000, now, log })
  const first = await sessionServer({ dependencies: { holds: stage.holds } })
  proxies = [first, await sessionServer({ dependencies: { holds: second }, target: first.target })]
  target = new pg.Client(first.direct)
  await target.connect()
  await target.query('CREATE TABLE ran (round text)')
  for (const { gate } of proxies) gate.say(/^INSERT/, { outcome: 'hold', onHold: 'error' })
})
afterAll(async () => {
  await target.end()
  await proxies[1][Symbol.asyncDispose]()
  await proxies[0][Symbol.asyncDispose]()
  await second[Symbol.asyncDispose]()
  await secondPool.end()
  await stage[Symbol.asyncDispose]()
})

/** As many lanes as race at once, each with a connection to each of the proxies that it asks for. */
async function lanes(
  to: readonly TestServer[],
  options: string,
  round: (clients: readonly RawClient[], name: string) => Promise<void>,
): Promise<void> {
  const lane = async (number: number): Promise<void> => {
    const clients = await Promise.all(to.map(({ through }) => RawClient.open(through, { options })))
    for (let n = 0; n < ROUNDS / AT_ONCE; n++) await round(clients, `${options} ${number}-${n}`)
    for (const client of clients) client.close()
  }
  await Promise.all(Array.from({ length: AT_ONCE }, (_, number) => lane(number)))
}

/** How often each round has run. */
async function runs(): Promise<ReadonlyMap<string, number>> {
  const { rows } = await target.query<{ round: string; times: number }>(
    'SELECT round, count(*)::int AS times FROM ran GROUP BY round',
  )
  return new Map(rows.map(({ round, times }) => [round, times]))
}

const insert = (name: string): string => `INSERT INTO ran VALUES ('${name}')`
/** The hold's id, as the error's DETAIL or the notice has it. */
const holdIn = (message: Message | undefined): string =>
  /hold_[\w-]{22}/.exec(decodeReport(message?.bytes as Buffer).get('D') ?? '')?.[0] ?? ''

test('two proxies with one approval: one of them runs it', TIMEOUT, async () => {
  await lanes(proxies, '-c holdpoint.on_hold=error', async ([one, other], name) => {
    if (one === undefined || other === undefined) throw new Error('two clients')
    const [refused] = await one.ask(insert(name))
    await approve(stage, holdIn(refused), 'ben')
    const again = await Promise.all([one.ask(insert(name)), other.ask(insert(name))])
    expect(again.map((messages) => transcript(messages)).sort()).toEqual([
      ['C INSERT 0 1', 'Z I'],
      ['E YH001', 'Z I'],
    ])
  })
  const counted = await runs()
  expect([...counted.values()].filter((times) => times !== 1)).toEqual([])
  expect(counted.size).toBe(ROUNDS)
})

test(
  'D9 an approval against a policy that becomes stricter: what was denied by then does not run',
  TIMEOUT,
  async () => {
    await target.query('TRUNCATE ran')
    const [proxy] = proxies
    const told = new Map<string, boolean>()
    await lanes([proxy], '-c holdpoint.on_hold=wait', async ([client], name) => {
      if (client === undefined) throw new Error('a client')
      client.send(serialize.query(insert(name)))
      const id = holdIn((await client.until('N')).at(-1))
      const stricter = (): void => proxy.gate.say(new RegExp(`^INSERT.*'${name}'`), { outcome: 'deny' })
      const first = Math.random() < 0.5
      if (first) stricter()
      const approved = approve({ holds: second }, id, 'ben')
      if (!first) setImmediate(stricter)
      await approved
      const ran = transcript(await client.until('Z')).includes('C INSERT 0 1')
      // Denied before anybody approved: certainly not run. Denied meanwhile: run or not, and the record says the same.
      if (first) expect(ran).toBe(false)
      told.set(name, ran)
      expect((await stage.holds.find(id))?.status).toBe(ran ? 'executed' : 'approved')
    })
    const counted = await runs()
    expect(told.size).toBe(ROUNDS)
    for (const [name, ran] of told) expect(counted.get(name) ?? 0).toBe(ran ? 1 : 0)
  },
)

test('D9 an approval against expiry at the same instant: one outcome', TIMEOUT, async () => {
  await target.query('TRUNCATE ran')
  const client = await RawClient.open(proxies[0].through, { options: '-c holdpoint.on_hold=wait' })
  const told = new Map<string, boolean>()
  for (let n = 0; n < EXPIRIES; n++) {
    const name = `expiry ${n}`
    client.send(serialize.query(insert(name)))
    const id = holdIn((await client.until('N')).at(-1))
    const approved = approve({ holds: second }, id, 'ben').then(
      () => true,
      () => false,
    )
    // Some are approved before, some after, and some while it expires.
    for (let steps = n % 8; steps > 0; steps--) await new Promise((resolve) => setImmediate(resolve))
    stage.clock.ms += 60_000
    await stage.holds.expire(id)
    const answers: Message[] = []
    while (answers.at(-1)?.type !== 'Z') {
      const answer = await client.next()
      answers.push(answer)
      // Approved, and expired before it could run: it is asked for anew, and nobody answers.
      if (answer.type !== 'N') continue
      stage.clock.ms += 60_000
      await stage.holds.expire(holdIn(answer))
    }
    const lines = transcript(answers).filter((line) => !line.startsWith('N '))
    const ran = lines.includes('C INSERT 0 1')
    expect(lines).toEqual(ran ? ['C INSERT 0 1', 'Z I'] : ['E YH003', 'Z I'])
    if (ran) expect(await approved).toBe(true)
    expect((await stage.holds.find(id))?.status).toBe(ran ? 'executed' : 'expired')
    told.set(name, ran)
  }
  client.close()
  const counted = await runs()
  for (const [name, ran] of told) expect(counted.get(name) ?? 0).toBe(ran ? 1 : 0)
})
