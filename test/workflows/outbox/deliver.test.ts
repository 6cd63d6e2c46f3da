import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { Hold } from '../../../workflows/holds/hold.ts'
import { createDeliver } from '../../../workflows/outbox/deliver.ts'
import type { NoticeDelivery } from '../../../workflows/outbox/delivery.ts'
import { PER_DELIVERY_MAX } from '../../../workflows/outbox/delivery-line.ts'
import { registerDeliveries } from '../../../workflows/outbox/register.ts'
import { reconcile } from '../../../workflows/queues/reconcile.ts'
import { approve, decisionFor, idleQueues, openStage, request, type Stage } from '../stage.ts'

let stage: Stage
let calls: string[]
let again: { notice: string; inMs: number }[]

beforeAll(async () => {
  stage = await openStage()
})
afterAll(() => stage[Symbol.asyncDispose]())
beforeEach(async () => {
  await stage.pool.query('TRUNCATE outbox')
  await stage.pool.query("UPDATE hold SET status = 'withdrawn' WHERE status = 'pending'")
  calls = []
  again = []
})

const works = (name: string): NoticeDelivery => ({
  name,
  deliver: async (hold, reason) => void calls.push(`${name} ${reason} ${hold.status}`),
})
const fails = (name: string): NoticeDelivery => ({
  name,
  deliver: () => Promise.reject(new Error('down')),
})

function deliverTo(deliveries: readonly NoticeDelivery[], callMsMax = 30_000) {
  const { pool, now, log } = stage
  return createDeliver({
    pool,
    deliveries,
    now,
    log,
    callMsMax,
    again: async (notice, inMs) => void again.push({ notice, inMs }),
  })
}

async function register(...names: string[]): Promise<void> {
  await registerDeliveries(
    stage.pool,
    names.map((name) => ({ name })),
    new Date(stage.clock.ms),
  )
}

async function rows(delivery?: string): Promise<{ id: string; delivery: string; reason: string; sent: boolean }[]> {
  const { rows } = await stage.pool.query(
    'SELECT id, delivery, reason, sent_at IS NOT NULL AS sent FROM outbox WHERE $1::text IS NULL OR delivery = $1 ORDER BY id',
    [delivery],
  )
  return rows
}

/** A hold with a vote that does not settle it: two changes, two rows for each delivery. */
async function twoChanges(): Promise<Hold> {
  const { id } = await stage.holds.create(request({ decision: decisionFor([{ group: 'dba', count: 2 }]) }))
  return approve(stage, id, 'ben')
}

test('writes a row for each change and each delivery that is on', async () => {
  await register('mail', 'slack', 'pager')
  await register('mail', 'slack')
  await twoChanges()
  expect((await rows()).map(({ delivery, reason }) => `${delivery} ${reason}`)).toEqual([
    'mail created',
    'slack created',
    'mail voted',
    'slack voted',
  ])
})

test('delivers the changes of a hold in order, whichever job comes first', async () => {
  await register('slack')
  await twoChanges()
  const [, second] = await rows()
  await deliverTo([works('slack')])(second?.id as string)
  expect(calls).toEqual(['slack created pending', 'slack voted pending'])
  expect((await rows()).every(({ sent }) => sent)).toBe(true)
})

test('asks people before it brings up to date what nobody has to answer, however long that has waited', async () => {
  await register('slack')
  const old = await Promise.all([1, 2, 3].map(() => stage.holds.create(request())))
  for (const { id } of old) await stage.holds.withdraw(id)
  const [asked, more] = [await stage.holds.create(request()), await twoChanges()]
  const order: string[] = []
  const [first] = await rows()
  await deliverTo([{ name: 'slack', deliver: async ({ id }) => void order.push(id) }])(first?.id as string)
  expect(order.slice(0, 2)).toEqual([asked.id, more.id])
  expect(order.slice(2).sort()).toEqual([...old.flatMap(({ id }) => [id, id]), more.id].sort())
})

test('delivers nothing twice, however many jobs there are', async () => {
  await register('slack')
  await twoChanges()
  const deliver = deliverTo([works('slack')])
  const ids = (await rows()).map(({ id }) => id)
  await Promise.all([...ids, ...ids, ...ids].map(deliver))
  // Jobs that found the hold busy come again; by then there is nothing left.
  stage.clock.ms += 1_000
  for (const { notice } of again) await deliver(notice)
  expect(calls).toEqual(['slack created pending', 'slack voted pending'])
})

test('a failing delivery is tried again, later each time, and does not hold up another', async () => {
  await register('mail', 'slack')
  await twoChanges()
  const deliver = deliverTo([works('mail'), fails('slack')])
  const [first] = await rows('slack')
  for (const { id } of await rows()) await deliver(id)
  expect(calls).toEqual(['mail created pending', 'mail voted pending'])
  for (let n = 0; n < 8; n++) {
    stage.clock.ms += 60_000
    await deliver(first?.id as string)
  }
  expect(again.map(({ inMs }) => inMs)).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000, 60_000])
  stage.clock.ms += 60_000
  await deliverTo([works('slack')])(first?.id as string)
  expect(calls.slice(2)).toEqual(['slack created pending', 'slack voted pending'])
})

test('does not try again before it is time', async () => {
  await register('slack')
  await twoChanges()
  const [first] = await rows()
  await deliverTo([fails('slack')])(first?.id as string)
  await deliverTo([works('slack')])(first?.id as string)
  expect(calls).toEqual([])
})

test('gives up after two days, and says so', async () => {
  await register('slack')
  await twoChanges()
  const [first] = await rows()
  stage.clock.ms += 48 * 3_600_000 + 1
  await deliverTo([fails('slack')])(first?.id as string)
  expect(stage.log.said).toContain('a notice was given up')
  expect(again).toEqual([])
})

test('cuts off a delivery that hangs', async () => {
  await register('slack')
  await twoChanges()
  const [first] = await rows()
  await deliverTo([{ name: 'slack', deliver: () => new Promise(() => undefined) }], 1)(first?.id as string)
  expect(again).toEqual([{ notice: first?.id, inMs: 1_000 }])
})

test('leaves a notice to whoever has it, and takes it over when they are gone', async () => {
  await register('slack')
  await twoChanges()
  const [first] = await rows()
  const entered = Promise.withResolvers<void>()
  const hang: NoticeDelivery = {
    name: 'slack',
    deliver() {
      entered.resolve()
      return new Promise(() => undefined)
    },
  }
  void deliverTo([hang], 3_600_000)(first?.id as string)
  await entered.promise
  await deliverTo([works('slack')])(first?.id as string)
  expect([calls, again]).toEqual([[], []])
  stage.clock.ms += 60_001
  await deliverTo([works('slack')])(first?.id as string)
  expect(calls).toEqual(['slack created pending', 'slack voted pending'])
})

test('one hanging delivery takes a few places and leaves the rest to others', async () => {
  await register('mail', 'slack')
  for (let n = 0; n < PER_DELIVERY_MAX + 2; n++) await stage.holds.create(request())
  const all = await rows('slack')
  const entered = Promise.withResolvers<void>()
  let hanging = 0
  const slack: NoticeDelivery = {
    name: 'slack',
    deliver() {
      if (++hanging === PER_DELIVERY_MAX) entered.resolve()
      return new Promise(() => undefined)
    },
  }
  const deliver = deliverTo([works('mail'), slack], 3_600_000)
  for (const { id } of all.slice(0, PER_DELIVERY_MAX)) void deliver(id)
  await entered.promise
  for (const { id } of all.slice(PER_DELIVERY_MAX)) await deliver(id)
  for (const { id } of await rows('mail')) await deliver(id)
  expect([hanging, again.length]).toEqual([PER_DELIVERY_MAX, 0])
  expect(calls).toHaveLength(PER_DELIVERY_MAX + 2)
})

test('shows a new delivery what is waiting already, once', async () => {
  await register('mail')
  const waiting = await stage.holds.create(request())
  const settled = await stage.holds.create(request())
  await stage.holds.withdraw(settled.id)
  await register('mail', 'slack-2')
  await register('mail', 'slack-2')
  const { rows: shown } = await stage.pool.query("SELECT hold, reason FROM outbox WHERE delivery = 'slack-2'")
  expect(shown).toEqual([{ hold: waiting.id, reason: 'created' }])
})

test('the reconciler announces what is due, not sent, not taken and still wanted', async () => {
  await register('mail', 'slack')
  await twoChanges()
  const [mail, slack] = await rows()
  await register('mail')
  const announced: string[] = []
  const queues = {
    ...idleQueues,
    announce: async (notices: readonly { notice: string }[]) =>
      void announced.push(...notices.map(({ notice }) => notice)),
  }
  const { pool, now } = stage
  expect((await reconcile({ pool, queues, now, withinMs: 0 })).notices).toBe(0)
  stage.clock.ms += 5_000
  await deliverTo([works('mail')])(mail?.id as string)
  await reconcile({ pool, queues, now, withinMs: 0 })
  expect(announced).toEqual([])
  await register('mail', 'slack')
  await reconcile({ pool, queues, now, withinMs: 0 })
  expect(announced).toContain(slack?.id)
})

test('forgets notices a week after they were sent', async () => {
  await register('mail')
  await twoChanges()
  const [first] = await rows()
  await deliverTo([works('mail')])(first?.id as string)
  stage.clock.ms += 7 * 24 * 3_600_000 + 1
  await reconcile({ pool: stage.pool, queues: idleQueues, now: stage.now, withinMs: 0 })
  expect(await rows()).toEqual([])
})

class Refused extends Error {
  readonly retryable = false
}
const refuses = (name: string): NoticeDelivery => ({
  name,
  deliver: () => Promise.reject(new Refused('no such channel')),
})

test('what is refused for good is given up at once, and people are told elsewhere', async () => {
  await register('mail', 'slack')
  const { id } = await stage.holds.create(request())
  const deliver = deliverTo([works('mail'), refuses('slack')])
  for (const row of await rows()) await deliver(row.id)
  expect(again).toHaveLength(1)
  for (const { notice } of again) await deliver(notice)
  expect(calls).toEqual(['mail created pending', 'mail told_elsewhere pending'])
  expect((await stage.holds.find(id))?.notTold).toEqual(['slack'])
  expect((await stage.trail('notice.given_up')).at(-1)).toEqual({
    hold: id,
    delivery: 'slack',
    reason: 'created',
    failure: 'failed',
    attempts: 1,
  })
})

test('what was given up and still waits is tried once more by who starts anew', async () => {
  await register('mail', 'slack')
  const { id } = await stage.holds.create(request())
  const withdrawn = await stage.holds.create(request())
  const broken = deliverTo([works('mail'), refuses('slack')])
  for (const row of await rows()) await broken(row.id)
  await stage.pool.query("UPDATE hold SET status = 'withdrawn' WHERE id = $1", [withdrawn.id])
  await register('mail', 'slack')
  await register('mail', 'slack')
  const { rows: unsent } = await stage.pool.query(
    "SELECT id, hold FROM outbox WHERE delivery = 'slack' AND sent_at IS NULL AND given_up_at IS NULL",
  )
  expect(unsent.map(({ hold }) => hold)).toEqual([id])
  calls = []
  await deliverTo([works('mail'), works('slack')])(unsent[0]?.id)
  expect(calls).toEqual(['slack created pending'])
})

test('the next change is tried all the same, and told it makes up for what was not', async () => {
  await register('slack')
  const { id } = await stage.holds.create(request())
  for (const row of await rows()) await deliverTo([refuses('slack')])(row.id)
  await approve(stage, id, 'ben')
  for (const row of await rows()) await deliverTo([works('slack')])(row.id)
  expect(calls).toEqual(['slack settled approved'])
  expect((await stage.holds.find(id))?.notTold).toEqual([])
})

test('what nobody could be told in any way ends, and does not go round', async () => {
  await register('mail', 'slack')
  await stage.holds.create(request())
  const deliver = deliverTo([refuses('mail'), refuses('slack')])
  for (const row of await rows()) await deliver(row.id)
  for (const row of await rows()) await deliver(row.id)
  expect((await rows()).length).toBeLessThanOrEqual(4)
  expect((await rows()).filter(({ sent }) => sent)).toEqual([])
})

test('who asks to wait is waited for, an hour at most', async () => {
  await register('slack')
  for (const [asked, waited] of [
    [90_000, 90_000],
    [1e9, 3_600_000],
  ] as const) {
    again = []
    await stage.pool.query('TRUNCATE outbox')
    await stage.holds.create(request())
    const busy = Object.assign(new Error('slow down'), { retryAfterMs: asked })
    const [row] = await rows()
    await deliverTo([{ name: 'slack', deliver: () => Promise.reject(busy) }])(row?.id ?? '')
    expect(again).toEqual([{ notice: row?.id, inMs: waited }])
  }
})

test('while a delivery fails one notice is tried at a time, and the others keep their turn', async () => {
  await register('slack')
  for (let n = 0; n < 50; n++) await stage.holds.create(request())
  const all = await rows()
  let tries = 0
  let up = false
  const slack: NoticeDelivery = {
    name: 'slack',
    async deliver({ id }) {
      tries++
      if (!up) throw Object.assign(new Error('down'), { outage: true })
      calls.push(id)
    },
  }
  const deliver = deliverTo([slack])
  for (const { id } of all) await deliver(id)
  expect(tries).toBe(1)
  for (let minute = 0; minute < 60; minute++) {
    stage.clock.ms += 60_000
    await Promise.all(all.map(({ id }) => deliver(id)))
  }
  expect(tries).toBe(61)
  up = true
  stage.clock.ms += 60_000
  await deliver(all.at(-1)?.id as string)
  const { rows: holds } = await stage.pool.query("SELECT hold FROM outbox WHERE delivery = 'slack' ORDER BY id")
  expect(calls).toEqual(holds.map(({ hold }) => hold))
})

test('what shows a hold as it is, is called once for all that has changed', async () => {
  await register('slack')
  await twoChanges()
  const [first] = await rows()
  await deliverTo([{ ...works('slack'), latestOnly: ['created', 'voted'] }])(first?.id as string)
  expect(calls).toEqual(['slack created pending'])
  expect((await rows()).map(({ sent }) => sent)).toEqual([true, true])
})

test('but again for what has to be noticed by itself', async () => {
  await register('slack')
  await twoChanges()
  const [first] = await rows()
  await deliverTo([{ ...works('slack'), latestOnly: ['created'] }])(first?.id as string)
  expect(calls).toEqual(['slack created pending', 'slack voted pending'])
})

test('a change that came while it was shown is shown next', async () => {
  await register('slack')
  const { id } = await stage.holds.create(request())
  const slack: NoticeDelivery = {
    name: 'slack',
    latestOnly: ['settled'],
    async deliver(hold) {
      calls.push(hold.status)
      if (calls.length === 1) await approve(stage, id, 'ben')
    },
  }
  const [first] = await rows()
  await deliverTo([slack])(first?.id as string)
  expect(calls).toEqual(['pending', 'approved'])
})

test('what was given up is tried again after a while where it would stand wrong for ever, and told once', async () => {
  await register('mail', 'slack')
  const { id } = await stage.holds.create(request())
  const broken = deliverTo([works('mail'), refuses('slack')])
  for (const row of await rows()) await broken(row.id)
  for (const { notice } of again) await broken(notice)
  const told = (await stage.trail('notice.given_up')).length
  const round = () =>
    reconcile({ pool: stage.pool, queues: idleQueues, now: stage.now, withinMs: 0, revived: ['slack'] })
  await round()
  expect((await stage.holds.find(id))?.notTold).toEqual(['slack'])
  stage.clock.ms += 10 * 60_000
  await round()
  for (const row of await rows('slack')) await broken(row.id)
  expect((await stage.trail('notice.given_up')).length).toBe(told)
  stage.clock.ms += 10 * 60_000
  await round()
  calls = []
  for (const row of await rows('slack')) await deliverTo([works('slack')])(row.id)
  expect(calls).toEqual(['slack created pending'])
  expect((await stage.holds.find(id))?.notTold).toEqual([])
})

test('a delivery that wants little is told little', async () => {
  const runs = { name: 'runs', wants: { reasons: ['settled'], mode: 'defer' } } as const
  await registerDeliveries(stage.pool, [runs, { name: 'slack' }], new Date(stage.clock.ms))
  const deferred = await stage.holds.create(request({ mode: 'defer' }))
  const other = await stage.holds.create(request())
  for (const { id } of [deferred, other]) await approve(stage, id, 'ben')
  const { rows: written } = await stage.pool.query("SELECT hold, reason FROM outbox WHERE delivery = 'runs'")
  expect(written).toEqual([{ hold: deferred.id, reason: 'settled' }])
})

test('one address that does not answer keeps nobody from theirs', async () => {
  await register('webhook')
  for (let n = 0; n < 5; n++) await stage.holds.create(request())
  const [first] = await rows()
  let tries = 0
  const webhook: NoticeDelivery = {
    name: 'webhook',
    async deliver({ id }) {
      if (++tries < 4) throw new Error('that one is down')
      calls.push(id)
    },
  }
  await deliverTo([webhook])(first?.id as string)
  expect(calls).toHaveLength(2)
  expect(again.map(({ inMs }) => inMs)).toEqual([1_000, 1_000, 1_000])
})
