import type pg from 'pg'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { ana, request } from '../../workflows/stage.ts'
import { type DoorsStand, openDoorsStand } from './doors-stand.ts'
import { openMcp } from './mcp-client.ts'

/** One hold, one id, whichever door it was made at and whichever it is waited for at. */
let stand: DoorsStand
beforeAll(async () => {
  stand = await openDoorsStand()
}, 60_000)
afterAll(() => stand[Symbol.asyncDispose]())

const SOON = { timeout: 20_000 }
let one = 0
const unbounded = (): string => `UPDATE customers SET name = name || '!' /* contract ${++one} */`
const named = async (): Promise<string> =>
  (await stand.direct.query('SELECT name FROM customers WHERE id = 1')).rows[0].name
const pendingHolds = async (): Promise<readonly string[]> =>
  (await stand.workflows.holds.list({ status: 'pending' })).map(({ id }) => id)
const holdOf = async (id: string) => (await stand.call('ana', 'GET', `/v1/holds/${id}`)).body

interface Waiting {
  readonly hold: string
  /** The tag of what ran, or the SQLSTATE. */
  readonly ended: Promise<string>
}

/** psql, as it waits: a notice names the hold, and the answer comes when it comes. */
async function waiting(psql: pg.Client, sql: string): Promise<Waiting> {
  const { promise: hold, resolve } = Promise.withResolvers<string>()
  psql.once('notice', ({ detail }) => resolve(/hold_[\w-]+/.exec(detail ?? '')?.[0] ?? ''))
  const ended = psql.query(sql).then(
    ({ command, rowCount }) => `${command} ${rowCount}`,
    ({ code }: { code: string }) => code,
  )
  return { hold: await hold, ended }
}

describe('a hold that a connection waits for', () => {
  test('is waited for over HTTP and MCP too, which say that it ran there and not to send it again', async () => {
    const psql = await stand.wire('ana', {}, 'wait')
    await using mcp = await openMcp(stand, 'ana')
    const { hold, ended } = await waiting(psql, unbounded())
    const overHttp = stand.call('ana', 'GET', `/v1/holds/${hold}?wait=30`)
    const overMcp = mcp.call('wait_for_hold', { hold, seconds: 30 })
    await stand.answer(hold, 'approve')
    expect(await ended).toBe('UPDATE 5')
    expect(['approved', 'executed']).toContain((await overHttp).body.status)
    expect(await overMcp).toMatchObject({ status: 'no_result', message: expect.stringMatching(/^It was run where/) })
    await psql.end()
  })

  test('is no task that has ended before it has run', async () => {
    await using mcp = await openMcp(stand, 'ana', { tasks: true })
    const { holds } = stand.workflows
    const who = { ...ana, issuer: stand.keys.issuer, subject: 'ana' }
    // Nobody is behind it, so it stays as it is between the answer and the run.
    const { id } = await holds.create(request({ mode: 'wait', identity: who }))
    await stand.answer(id, 'approve')
    expect(await mcp.task('tasks/get', { taskId: id })).toMatchObject({ status: 'working' })
    expect(await holds.take(id)).toBe(true)
    expect(await mcp.task('tasks/get', { taskId: id })).toMatchObject({
      status: 'completed',
      result: { structuredContent: { message: expect.stringMatching(/^It was run where/) } },
    })
  })

  test.each([
    ['rejected', (id: string) => stand.answer(id, 'reject'), 'YH002'],
    ['withdrawn over HTTP', (id: string) => stand.call('ana', 'DELETE', `/v1/holds/${id}`), '57014'],
  ])('tells everybody who waits when it is %s', async (how, end, sqlstate) => {
    const psql = await stand.wire('ana', {}, 'wait')
    await using mcp = await openMcp(stand, 'ana')
    const { hold, ended } = await waiting(psql, unbounded())
    const overMcp = mcp.call('wait_for_hold', { hold, seconds: 30 })
    await end(hold)
    expect(await ended).toBe(sqlstate)
    expect(await overMcp).toMatchObject({
      isError: true,
      message: expect.stringContaining(how.split(' ')[0] as string),
    })
    await psql.end()
  })
})

describe('a deferred statement that a connection of its asker waits for as well', () => {
  test('runs once, there or by itself, and each is told which', async () => {
    const psql = await stand.wire('ana', {}, 'wait')
    const before = await named()
    const sql = unbounded()
    const { hold: deferred } = (await stand.statement('ana', sql)).body
    const { hold, ended } = await waiting(psql, sql)
    expect(hold).toBe(deferred.id)
    await stand.answer(hold, 'approve')
    const onWire = await ended
    await expect.poll(async () => (await holdOf(hold)).outcome?.tag, SOON).toBe('UPDATE 5')
    expect(await named()).toBe(`${before}!`)
    expect(await pendingHolds()).toEqual([])
    if (onWire === 'YH004') await expect.poll(async () => (await holdOf(hold)).result.state, SOON).toBe('ready')
    else expect((await holdOf(hold)).result).toEqual({ state: 'not_run', why: 'It was run by sending it again.' })
    await psql.end()
  })
})

describe('a deferred statement whose approval is gone at the moment when it is to run', () => {
  afterEach(() => stand.workflows.pool.query('DROP FUNCTION at_that_moment CASCADE'))

  /** The hold is moved by the very statement that says who runs it. */
  const atThatMoment = (status: string): Promise<unknown> =>
    stand.workflows.pool.query(`
      CREATE FUNCTION at_that_moment() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN UPDATE hold SET status = '${status}' WHERE id = NEW.hold; RETURN NULL; END $$;
      CREATE TRIGGER at_that_moment AFTER UPDATE ON deferred_run FOR EACH ROW WHEN (NEW.state = 'started')
        EXECUTE FUNCTION at_that_moment()`)

  test.each([
    ['executed', 'It was run by sending it again.'],
    ['withdrawn', 'It was withdrawn.'],
  ])('%s: is not run, and nobody is asked for it again', async (status, why) => {
    await atThatMoment(status)
    const before = await named()
    const { hold } = (await stand.statement('ana', unbounded())).body
    await stand.answer(hold.id, 'approve')
    await expect.poll(async () => (await holdOf(hold.id)).result, SOON).toEqual({ state: 'not_run', why })
    expect(await named()).toBe(before)
    expect(await pendingHolds()).toEqual([])
  })
})
