import type pg from 'pg'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { createUnwaited } from '../../../workflows/holds/unwaited.ts'
import { startWorkers } from '../../../workflows/queues/workers.ts'
import { approve, idleQueues, openStage, request, type Stage } from '../stage.ts'

const AFTER_MS = 30_000
const never = new AbortController().signal

let stage: Stage
beforeAll(async () => {
  stage = await openStage({ pollMs: 20 })
})
afterAll(() => stage[Symbol.asyncDispose]())

/** A hold whose client was last heard of so long ago. */
async function silent(ms = AFTER_MS + 1_000): Promise<string> {
  const { id } = await stage.holds.create(request({ mode: 'wait' }))
  await stage.pool.query(
    'UPDATE hold_waited SET waited_at = clock_timestamp() - make_interval(secs => $2::float8 / 1000) WHERE hold = $1',
    [id, ms],
  )
  return id
}

async function waitedAt(id: string): Promise<number> {
  const { rows } = await stage.pool.query('SELECT waited_at FROM hold_waited WHERE hold = $1', [id])
  return rows[0].waited_at.getTime()
}

const statusOf = async (id: string) => (await stage.holds.find(id))?.status

/** Looks over the real rows; when it looks, by the database's clock, is the test's to say. */
function watch() {
  const state = { at: Date.UTC(2026, 0), away: false }
  const query = async (sql: string, values: unknown[]) => {
    if (state.away) throw new Error('away')
    const { rows } = await stage.pool.query(sql, values)
    return { rows: [{ ...rows[0], at: new Date(state.at) }] }
  }
  const pool = { query } as unknown as pg.Pool
  const look = createUnwaited({ pool, holds: stage.holds, afterMs: AFTER_MS })
  const pass = async (ms: number): Promise<void> => {
    for (const end = state.at + ms; state.at < end; ) {
      state.at += Math.min(5_000, end - state.at)
      await look()
    }
  }
  return { state, look, pass, patient: () => look().then(() => pass(AFTER_MS)) }
}

describe('a hold that somebody waits for', () => {
  test('is stamped when it is made, and at every look of who waits', async () => {
    const id = await silent(0)
    const made = await waitedAt(id)
    const leave = new AbortController()
    const settled = stage.holds.settled(id, leave.signal)
    for (let last = made, times = 0; times < 3; times++) {
      await vi.waitFor(async () => expect(await waitedAt(id)).toBeGreaterThan(last))
      last = await waitedAt(id)
    }
    leave.abort()
    await expect(settled).rejects.toThrow()
  })

  test('is stamped as well by the look that finds it approved', async () => {
    const id = await silent()
    await approve(stage, id, 'ben')
    await expect(stage.holds.settled(id, never)).resolves.toMatchObject({ status: 'approved' })
    await watch().patient()
    expect(await statusOf(id)).toBe('approved')
  })

  test('is stamped while a vote has it locked', async () => {
    const id = await silent()
    const before = await waitedAt(id)
    const voter = await stage.pool.connect()
    await voter.query('BEGIN')
    await voter.query('SELECT FROM hold WHERE id = $1 FOR UPDATE', [id])
    const leave = new AbortController()
    const settled = stage.holds.settled(id, leave.signal)
    await vi.waitFor(async () => expect(await waitedAt(id)).toBeGreaterThan(before))
    await voter.query('ROLLBACK')
    voter.release()
    leave.abort()
    await expect(settled).rejects.toThrow()
  })

  test('is no news to open pages for being waited for', async () => {
    const id = await silent()
    const page = await stage.pool.connect()
    const heard: (string | undefined)[] = []
    page.on('notification', ({ payload }) => heard.push(payload))
    await page.query('LISTEN holdpoint_hold_changed')
    const before = await waitedAt(id)
    const settled = stage.holds.settled(id, never)
    await vi.waitFor(async () => expect(await waitedAt(id)).toBeGreaterThan(before))
    await page.query('SELECT 1')
    expect(heard).toEqual([])
    await stage.holds.withdraw(id)
    await vi.waitFor(() => expect(heard).toContain(id))
    await settled
    page.release(true)
  })
})

describe('a hold that nobody waits for', () => {
  test('is abandoned, pending or approved, with a record and a word to who does wait', async () => {
    const [pending, approved] = [await silent(), await silent()]
    await approve(stage, approved, 'ben')
    await watch().patient()
    expect([await statusOf(pending), await statusOf(approved)]).toEqual(['abandoned', 'abandoned'])
    for (const hold of [pending, approved]) {
      expect(await stage.trail('hold.settled')).toContainEqual(expect.objectContaining({ hold, status: 'abandoned' }))
      await expect(stage.holds.settled(hold, never)).resolves.toMatchObject({ status: 'abandoned' })
    }
    await expect(stage.holds.take(approved)).resolves.toBe(false)
  })

  test('is left alone when its client does not wait on the line, and for as long as was said', async () => {
    const { id } = await stage.holds.create(request({ mode: 'error' }))
    const recent = await silent(AFTER_MS / 2)
    await watch().patient()
    expect([await statusOf(id), await statusOf(recent)]).toEqual(['pending', 'pending'])
  })

  test('is not touched once it has run', async () => {
    const id = await silent()
    await approve(stage, id, 'ben')
    await stage.holds.take(id)
    await watch().patient()
    expect(await statusOf(id)).toBe('executed')
  })

  test('is abandoned by the workers, who look by themselves', async () => {
    const id = await silent()
    const workers = await startWorkers({
      pool: stage.pool,
      queues: idleQueues,
      holds: stage.holds,
      deliver: [],
      log: stage.log,
      now: stage.now,
      abandonedAfterMs: 1_000,
    })
    await vi.waitFor(async () => expect(await statusOf(id)).toBe('abandoned'), { timeout: 20_000 })
    await workers.close()
  })
})

describe('a silence that nobody could break', () => {
  test('does not count before the worker has looked for as long', async () => {
    const id = await silent()
    const watched = watch()
    await watched.look()
    await watched.pass(AFTER_MS - 1)
    expect(await statusOf(id)).toBe('pending')
    await watched.pass(1)
    expect(await statusOf(id)).toBe('abandoned')
  })

  test.each([
    { what: 'the state database was away', days: 0, away: true },
    { what: 'the machine slept', days: 1, away: false },
    { what: 'the clock was set back', days: -1, away: false },
  ])('does not count when $what', async ({ days, away }) => {
    const watched = watch()
    await watched.patient()
    const id = await silent()
    watched.state.away = away
    if (away) await expect(watched.look()).rejects.toMatchObject({ code: 'unreachable' })
    watched.state.away = false
    watched.state.at += days * 86_400_000
    await watched.look()
    await watched.pass(AFTER_MS - 1)
    expect(await statusOf(id)).toBe('pending')
    await watched.pass(1)
    expect(await statusOf(id)).toBe('abandoned')
  })
})

test('against an approval and its use: one outcome, and what was abandoned never runs', async () => {
  const watched = watch()
  await watched.patient()
  for (let round = 0; round < 40; round++) {
    const id = await silent()
    if (round % 2 === 0) await approve(stage, id, 'ben')
    const [, other] = await Promise.allSettled([
      watched.look(),
      round % 2 === 0 ? stage.holds.take(id) : approve(stage, id, 'ben').then(() => stage.holds.take(id)),
    ])
    const ran = other.status === 'fulfilled' && other.value
    expect(await statusOf(id)).toBe(ran ? 'executed' : 'abandoned')
  }
})
