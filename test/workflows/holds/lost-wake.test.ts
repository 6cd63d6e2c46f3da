import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { SETTLED_CHANNEL } from '../../../workflows/holds/moves.ts'
import { Waiting } from '../../../workflows/holds/waiting.ts'
import type { Wake } from '../../../workflows/holds/wake.ts'
import { createPostgresWake } from '../../../workflows/holds/wake-postgres.ts'
import { openState } from '../../../workflows/state/state.ts'
import { approve, openStage, request, type Stage, testLog } from '../stage.ts'
import { relayTo } from './silenced-relay.ts'

/** What can become of a wake-up on its way, and who makes up for it. */
const never = new AbortController().signal
const NO_POLL_MS = 3_600_000
const soon = { timeout: 20_000, interval: 5 }

let stage: Stage
beforeAll(async () => {
  stage = await openStage()
})
afterAll(() => stage[Symbol.asyncDispose]())

const notified = (hold: string) => stage.pool.query('SELECT pg_notify($1, $2)', [SETTLED_CHANNEL, hold])

describe('the listening connection', () => {
  test('is made again when it has died without a word', async () => {
    await using relay = await relayTo(stage.url)
    const pool = openState(relay.url)
    const log = testLog()
    const wake = createPostgresWake(pool, log, { askedEveryMs: 20, answerMsMax: 200 })
    const heard: (string | null)[] = []
    wake.listen((hold) => heard.push(hold))
    await vi.waitFor(() => expect(wake.listens).toBe(true), soon)
    relay.silence()
    await notified('hold_unheard')
    await vi.waitFor(() => expect(wake.listens).toBe(false), soon)
    await vi.waitFor(() => expect(wake.listens).toBe(true), soon)
    // Whatever was said meanwhile: all are looked at.
    expect(heard).toEqual([null, null])
    await notified('hold_heard')
    await vi.waitFor(() => expect(heard).toEqual([null, null, 'hold_heard']), soon)
    expect(log.said).toEqual([expect.stringContaining('listening connection')])
    await wake.close()
    expect(wake.listens).toBe(false)
    await pool.end()
  })

  test('is asked for again and again while there is no database', async () => {
    const pool = openState(stage.url.replace(/[^/]*$/, 'no_such_database'))
    const log = testLog()
    const wake = createPostgresWake(pool, log)
    wake.listen(() => undefined)
    await vi.waitFor(() => expect(log.said.length).toBeGreaterThan(3), soon)
    expect(wake.listens).toBe(false)
    await wake.close()
    await pool.end()
  })
})

describe('whoever waits', () => {
  const wakeThat = (listens: boolean): Wake => ({
    listens,
    listen: () => undefined,
    publish: async () => undefined,
    close: async () => undefined,
  })
  const waitingWith = (wakes: readonly Wake[], more: Partial<ConstructorParameters<typeof Waiting>[0]> = {}) =>
    new Waiting({
      pool: stage.pool,
      wakes,
      now: stage.now,
      log: stage.log,
      expire: async (id) => void (await stage.holds.expire(id)),
      pollMs: NO_POLL_MS,
      ...more,
    })

  test('looks often while nothing listens', async () => {
    await using waiting = waitingWith([wakeThat(false), wakeThat(false)])
    const { id } = await stage.holds.create(request())
    const settled = waiting.settled(id, never)
    await approve(stage, id, 'ben')
    await expect(settled).resolves.toMatchObject({ status: 'approved' })
  })

  test('looks now and then although all is quiet', async () => {
    await using waiting = waitingWith([wakeThat(true)], { pollMs: 20 })
    const { id } = await stage.holds.create(request())
    const settled = waiting.settled(id, never)
    await approve(stage, id, 'ben')
    await expect(settled).resolves.toMatchObject({ status: 'approved' })
  })

  test('is not kept from an answer by others whose time is up', async () => {
    const ended = Promise.withResolvers<void>()
    await using waiting = waitingWith([wakeThat(false)], { expire: () => ended.promise })
    const over = await Promise.all(Array.from({ length: 30 }, () => stage.holds.create(request({ expiryMs: 1_000 }))))
    const { id } = await stage.holds.create(request())
    const others = over.map((hold) => waiting.settled(hold.id, never))
    const settled = waiting.settled(id, never)
    stage.clock.ms += 1_000
    await approve(stage, id, 'ben')
    await expect(settled).resolves.toMatchObject({ status: 'approved' })
    for (const hold of over) await stage.holds.expire(hold.id)
    ended.resolve()
    for (const hold of await Promise.all(others)) expect(hold.status).toBe('expired')
  })
})
