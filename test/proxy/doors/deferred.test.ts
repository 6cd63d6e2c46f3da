import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { canariesIn } from '../../adversary/canaries.ts'
import { type Called, type DoorsStand, openDoorsStand } from './doors-stand.ts'

let stand: DoorsStand
beforeAll(async () => {
  stand = await openDoorsStand()
}, 60_000)
afterAll(() => stand[Symbol.asyncDispose]())

let one = 0
const unbounded = (returning = ''): string => `UPDATE customers SET name = name || '!' ${returning} /* ${++one} */`

async function defer(sql: string, name = 'ana', more: object = {}): Promise<string> {
  const { status, body } = await stand.statement(name, sql, more)
  expect(status).toBe(202)
  expect(body.hold.result).toEqual({ state: 'waiting', why: null })
  return body.hold.id
}

const state = async (id: string, name = 'ana'): Promise<string> =>
  (await stand.call(name, 'GET', `/v1/holds/${id}`)).body.result.state
const result = (id: string, name = 'ana'): Promise<Called> => stand.call(name, 'GET', `/v1/holds/${id}/result`)

async function ends(id: string, as: string, name = 'ana'): Promise<void> {
  await expect.poll(() => state(id, name), { timeout: 20_000 }).toBe(as)
}

const named = async (): Promise<string> =>
  (await stand.direct.query('SELECT name FROM customers WHERE id = 1')).rows[0].name

describe('a deferred statement', () => {
  test('runs when it is approved, once, and its masked result is fetched once', async () => {
    const before = await named()
    const id = await defer(unbounded('RETURNING id, email, card'))
    expect((await result(id)).body).toMatchObject({ status: 409, code: 'result_pending' })
    expect(await named()).toBe(before)
    await stand.answer(id, 'approve')
    await ends(id, 'ready')
    expect(await named()).toBe(`${before}!`)
    expect((await stand.call('ana', 'GET', `/v1/holds/${id}`)).body).toMatchObject({
      status: 'executed',
      outcome: { ok: true, tag: 'UPDATE 5' },
    })
    const fetched = await result(id)
    expect(fetched.body).toMatchObject({ status: 'completed', tag: 'UPDATE 5', columns: [{}, { masked: 'email' }, {}] })
    expect(fetched.body.rows).toHaveLength(5)
    expect(canariesIn(Buffer.from(fetched.text))).toEqual([])
    const again = await result(id)
    expect({ status: again.status, code: again.body.code }).toEqual({ status: 410, code: 'result_gone' })
    expect(await state(id)).toBe('fetched')
  })

  test('of two who fetch at once one gets it', async () => {
    const id = await defer(unbounded('RETURNING id'))
    await stand.answer(id, 'approve')
    await ends(id, 'ready')
    const statuses = (await Promise.all([result(id), result(id), result(id)])).map(({ status }) => status)
    expect(statuses.sort()).toEqual([200, 410, 410])
  })

  test('runs with the parameters it was asked with', async () => {
    const id = await defer('UPDATE customers SET name = $1 || id || $2', 'report-bot', {
      parameters: ['Nr ', '.'],
    })
    await stand.answer(id, 'approve')
    await ends(id, 'ready', 'report-bot')
    expect(await named()).toBe('Nr 1.')
    expect((await result(id)).status).toBe(404)
  })

  test('keeps nothing in the clear, neither statement nor parameter nor result', async () => {
    const id = await defer("UPDATE customers SET name = $1 RETURNING 'plainly' || id", 'ana', {
      parameters: ['secretive'],
    })
    const stored = async () =>
      JSON.stringify((await stand.workflows.pool.query('SELECT * FROM deferred_run WHERE hold = $1', [id])).rows)
    const clear = /UPDATE customers|secretive|plainly/
    const hexed = (text: string): string =>
      text.replaceAll(/"data":\[([\d,]*)\]/g, (_, bytes: string) =>
        Buffer.from(bytes.split(',').map(Number)).toString('latin1'),
      )
    expect(hexed(await stored())).not.toMatch(clear)
    await stand.answer(id, 'approve')
    await ends(id, 'ready')
    expect(hexed(await stored())).not.toMatch(clear)
    const jobs = await stand.workflows.pool.query('SELECT * FROM bullmq.job')
    expect(JSON.stringify(jobs.rows)).not.toMatch(clear)
    await result(id)
    expect((await stand.workflows.pool.query('SELECT result FROM deferred_run WHERE hold = $1', [id])).rows).toEqual([
      { result: null },
    ])
  })

  test('that fails says how when it is fetched', async () => {
    const id = await defer('UPDATE products SET price_cents = in_stock - 3')
    await stand.answer(id, 'approve')
    await ends(id, 'ready')
    expect((await result(id)).body).toMatchObject({ code: 'sql_error', sqlstate: '23514' })
  })

  test('that is rejected, withdrawn or runs out is not run', async () => {
    const before = await named()
    const rejected = await defer(unbounded())
    await stand.answer(rejected, 'reject')
    const withdrawn = await defer(unbounded())
    await stand.call('ana', 'DELETE', `/v1/holds/${withdrawn}`)
    for (const id of [rejected, withdrawn]) await ends(id, 'not_run')
    expect((await result(rejected)).body).toMatchObject({ status: 410, code: 'not_run', detail: 'It was rejected.' })
    expect(await named()).toBe(before)
  }, 40_000)

  test('is not run when its credential has expired, unless it was asked for again with a newer one', async () => {
    const [old, renewed] = [unbounded(), unbounded()]
    const soon = { exp: Math.floor(Date.now() / 1000) + 4 }
    const ids = await Promise.all(
      [old, renewed].map(async (sql) => {
        const response = await fetch(`${stand.base}/v1/targets/prod/shop/statements`, {
          method: 'POST',
          headers: { authorization: `Bearer ${await stand.token('ana', soon)}`, 'content-type': 'application/json' },
          body: JSON.stringify({ sql }),
        })
        return ((await response.json()) as { readonly hold: { readonly id: string } }).hold.id
      }),
    )
    expect(await defer(renewed)).toBe(ids[1])
    const left = soon.exp * 1000 - Date.now()
    await new Promise((resolve) => setTimeout(resolve, Math.max(left, 0) + 50))
    for (const id of ids) await stand.answer(id, 'approve')
    await ends(ids[1] as string, 'ready')
    await ends(ids[0] as string, 'not_run')
    const { body } = await stand.call('ana', 'GET', `/v1/holds/${ids[0]}`)
    expect(body).toMatchObject({ status: 'approved', result: { why: expect.stringMatching(/expired/) } })
    expect((await stand.statement('ana', old)).body).toMatchObject({ status: 'completed', tag: 'UPDATE 5' })
  }, 40_000)

  test('is not run for who was deactivated meanwhile', async () => {
    const before = await named()
    const id = await defer(unbounded(), 'dora')
    const who = ['dora', stand.keys.issuer]
    await stand.workflows.pool.query('UPDATE person SET active = false WHERE subject = $1 AND issuer = $2', who)
    await stand.answer(id, 'approve')
    const { rows } = await expect
      .poll(() => stand.workflows.pool.query('SELECT state, why FROM deferred_run WHERE hold = $1', [id]), {
        timeout: 20_000,
      })
      .toMatchObject({ rows: [{ state: 'not_run' }] })
      .then(() => stand.workflows.pool.query('SELECT why FROM deferred_run WHERE hold = $1', [id]))
    expect(rows[0].why).toContain('deactivated')
    expect(await named()).toBe(before)
  })

  test('whose definitions changed after the approval is held anew, and runs once that is approved', async () => {
    const id = await defer(unbounded())
    await stand.workflows.pool.query("UPDATE hold SET digest = 'another', request = request WHERE id = $1", [id])
    const before = await named()
    await stand.answer(id, 'approve')
    await ends(id, 'not_run')
    const { body } = await stand.call('ana', 'GET', `/v1/holds/${id}`)
    const [, anew = ''] = /waits for a new approval, as (hold_[\w-]+), and runs/.exec(body.result.why) ?? []
    expect(await named()).toBe(before)
    expect((await stand.call('ana', 'GET', `/v1/holds/${anew}`)).body).toMatchObject({
      status: 'pending',
      mode: 'defer',
    })
    expect(await stand.workflows.holds.find(anew)).toMatchObject({ anewOf: id })
    await stand.answer(anew, 'approve')
    await ends(anew, 'ready')
    expect(await named()).toBe(`${before}!`)
  })

  test('asked for while the proxy was down when it was approved runs when it is back', async () => {
    const before = await named()
    const id = await defer(unbounded())
    await stand.restart(async () => {
      await stand.answer(id, 'approve')
      expect(await named()).toBe(before)
    })
    await ends(id, 'ready')
    expect(await named()).toBe(`${before}!`)
  })
})
