import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { copyHold } from '../../harness/many-holds.ts'
import { type DoorsStand, openDoorsStand } from './doors-stand.ts'

let stand: DoorsStand
beforeAll(async () => {
  stand = await openDoorsStand()
}, 60_000)
afterAll(() => stand[Symbol.asyncDispose]())

let one = 0
/** Held in production: it has no WHERE. */
const unbounded = (): string => `UPDATE orders SET status = 'paid' /* ${++one} */`

async function held(sql: string, name = 'ana', more: object = {}): Promise<string> {
  const { status, body } = await stand.statement(name, sql, { onHold: 'error', ...more })
  expect(status).toBe(202)
  return body.hold.id
}

describe('a held statement', () => {
  test('is a 202 that says why, who can approve it, until when, and where to ask', async () => {
    const { status, headers, body } = await stand.statement('ana', unbounded(), { reason: 'Closing the books' })
    expect(status).toBe(202)
    expect(headers.get('location')).toBe(`/v1/holds/${body.hold.id}`)
    expect(Number(headers.get('retry-after'))).toBeGreaterThan(0)
    expect(body).toMatchObject({
      status: 'held',
      hold: { status: 'pending', mode: 'defer', target: 'prod/shop', reason: 'Closing the books', votes: [] },
    })
    expect(body.hold.rules.length).toBeGreaterThan(0)
    expect(body.hold.reviewers).toEqual([{ group: 'dba', count: 1 }])
    expect(body.message).toContain('1 of dba')
    expect(Date.parse(body.hold.expiresAt)).toBeGreaterThan(Date.now())
  })

  test('asked again is the same hold', async () => {
    const sql = unbounded()
    expect(await held(sql)).toBe(await held(sql))
  })

  test('runs once when it is sent again after its approval', async () => {
    const sql = unbounded()
    const id = await held(sql)
    await stand.answer(id, 'approve')
    const again = await stand.statement('ana', sql, { onHold: 'error' })
    expect(again.body).toMatchObject({ status: 'completed', tag: 'UPDATE 8' })
    expect((await stand.call('ana', 'GET', `/v1/holds/${id}`)).body.status).toBe('executed')
    expect((await stand.statement('ana', sql, { onHold: 'error' })).body.hold.id).not.toBe(id)
  })

  test('made here can be used from psql, and one made in psql is seen here', async () => {
    const [here, there] = [unbounded(), unbounded()]
    const id = await held(here)
    await stand.answer(id, 'approve')
    const psql = await stand.wire('ana')
    try {
      expect((await psql.query(here)).rowCount).toBe(8)
      const refused = await psql.query(there).then(String, (error: { code: string; detail: string }) => error)
      expect(refused).toMatchObject({ code: 'YH001' })
      const { hold } = JSON.parse((refused as { detail: string }).detail)
      expect((await stand.call('ana', 'GET', `/v1/holds/${hold}`)).body).toMatchObject({ status: 'pending' })
      expect(await held(there)).toBe(hold)
      const waiting = stand.call('ana', 'GET', `/v1/holds/${hold}?wait=30`)
      await stand.answer(hold, 'reject')
      expect((await waiting).body).toMatchObject({ status: 'rejected', votes: [{ by: 'cleo', reason: 'because' }] })
    } finally {
      await psql.end()
    }
  })

  test('is waited for until it is answered, or until the time is over', async () => {
    const id = await held(unbounded())
    expect((await stand.call('ana', 'GET', `/v1/holds/${id}?wait=1`)).body.status).toBe('pending')
    const waiting = stand.call('ana', 'GET', `/v1/holds/${id}?wait=30`)
    await stand.answer(id, 'approve')
    expect((await waiting).body.status).toBe('approved')
  })

  test('can be taken back, once it is answered no more', async () => {
    const id = await held(unbounded())
    expect((await stand.call('ana', 'DELETE', `/v1/holds/${id}`)).body.status).toBe('withdrawn')
    const rejected = await held(unbounded())
    await stand.answer(rejected, 'reject')
    expect((await stand.call('ana', 'DELETE', `/v1/holds/${rejected}`)).body).toMatchObject({ code: 'not_pending' })
  })

  test('takes a reason, once', async () => {
    const id = await held(unbounded())
    const said = await stand.call('ana', 'POST', `/v1/holds/${id}/reason`, { reason: 'Stocktaking' })
    expect(said.body.reason).toBe('Stocktaking')
    const again = await stand.call('ana', 'POST', `/v1/holds/${id}/reason`, { reason: 'Something else' })
    expect({ status: again.status, code: again.body.code }).toEqual({ status: 409, code: 'reason_given' })
  })
})

test('many of one asker are listed in pages', async () => {
  const id = await held(unbounded())
  await copyHold(stand.workflows.pool, id, 130)
  const found = new Set<string>()
  let page = (await stand.call('ana', 'GET', '/v1/holds?status=pending&limit=60')).body
  for (let turn = 0; turn < 10 && page.next !== null; turn++) {
    for (const one of page.holds) found.add(one.id)
    page = (await stand.call('ana', 'GET', `/v1/holds?status=pending&limit=60&after=${page.next}`)).body
  }
  const left = (await stand.workflows.pool.query("SELECT FROM hold WHERE status = 'pending'")).rowCount ?? 0
  expect([page.next, found.size + page.holds.length]).toEqual([null, left])
  expect((await stand.call('ben', 'GET', `/v1/holds?after=${id}`)).body).toEqual({ holds: [], next: null })
  await stand.workflows.pool.query("UPDATE hold SET status = 'withdrawn' WHERE status = 'pending'")
})

describe('somebody else’s hold', () => {
  test('is not there: to read, wait for, explain or withdraw', async () => {
    const id = await held(unbounded())
    // ben and cleo may answer it elsewhere; report-bot acts for ana, and is another asker all the same.
    for (const name of ['ben', 'cleo', 'report-bot']) {
      const answers = await Promise.all([
        stand.call(name, 'GET', `/v1/holds/${id}`),
        stand.call(name, 'GET', `/v1/holds/${id}?wait=5`),
        stand.call(name, 'DELETE', `/v1/holds/${id}`),
        stand.call(name, 'POST', `/v1/holds/${id}/reason`, { reason: 'mine' }),
      ])
      expect(answers.map(({ status }) => status)).toEqual([404, 404, 404, 404])
    }
    const lists = await Promise.all(['ben', 'report-bot'].map((name) => stand.call(name, 'GET', '/v1/holds')))
    for (const { text } of lists) expect(text).not.toContain(id)
    expect((await stand.call('ana', 'GET', '/v1/holds?status=pending')).text).toContain(id)
  })

  test('cannot be answered at this door, whoever asks', async () => {
    const id = await held(unbounded())
    for (const path of ['vote', 'approve', 'votes']) {
      expect((await stand.call('cleo', 'POST', `/v1/holds/${id}/${path}`, { choice: 'approve' })).status).toBe(404)
    }
    expect((await stand.call('ana', 'GET', `/v1/holds/${id}`)).body.status).toBe('pending')
  })
})
