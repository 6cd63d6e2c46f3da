import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { canariesIn } from '../../adversary/canaries.ts'
import { type DoorsStand, openDoorsStand } from './doors-stand.ts'
import { type McpClient, openMcp, type Said, TASKS } from './mcp-client.ts'

let stand: DoorsStand
let mcp: McpClient
beforeAll(async () => {
  stand = await openDoorsStand()
  mcp = await openMcp(stand, 'report-bot', { tasks: true })
}, 60_000)
afterAll(async () => {
  await mcp[Symbol.asyncDispose]()
  await stand[Symbol.asyncDispose]()
})

const SOON = { timeout: 20_000 }
let one = 0
const unbounded = (): string => `UPDATE customers SET name = name || '!' RETURNING id, email /* notify ${++one} */`

async function started(client = mcp): Promise<string> {
  return (await client.call('query', { sql: unbounded() })).task.taskId
}

interface Listened {
  readonly heard: readonly Said[]
  readonly closed: Promise<string>
  stop(): Promise<void>
  /** The states in the order in which they came. */
  states(task?: string): readonly string[]
}

async function listen(taskIds: readonly string[], client = mcp): Promise<Listened> {
  const heard: Said[] = []
  client.client.setNotificationHandler('notifications/tasks', { params: z.looseObject({}) }, (task) => {
    heard.push(task)
  })
  const filter = { taskIds: [...taskIds] } as Record<string, unknown>
  const subscription = await client.client.listen(filter)
  return {
    heard,
    closed: subscription.closed,
    stop: () => subscription.close(),
    states: (task) => heard.filter(({ taskId }) => task === undefined || taskId === task).map(({ status }) => status),
  }
}

describe('a client that listens for its tasks', () => {
  test('hears them approved, run, and gets the masked result; then the stream ends', async () => {
    const id = await started()
    const listened = await listen([id])
    await expect.poll(() => listened.states(), SOON).toEqual(['working'])
    expect(listened.heard[0]).toMatchObject({ taskId: id, statusMessage: expect.stringContaining('1 of dba') })
    await stand.answer(id, 'approve')
    expect(await listened.closed).toBe('graceful')
    await expect.poll(() => listened.states().at(-1), SOON).toBe('completed')
    expect(new Set(listened.states())).toEqual(new Set(['working', 'completed']))
    expect(listened.heard.at(-1).result).toMatchObject({
      isError: false,
      structuredContent: { tag: 'UPDATE 5', columns: [{}, { masked: 'email' }] },
    })
    expect(canariesIn(Buffer.from(JSON.stringify(listened.heard)))).toEqual([])
    expect((await stand.call('report-bot', 'GET', `/v1/holds/${id}`)).body.result).toEqual({
      state: 'fetched',
      why: null,
    })
  }, 40_000)

  test('hears them rejected, expired and cancelled, each in its own words', async () => {
    const [rejected, expired, cancelled] = [await started(), await started(), await started()]
    const listened = await listen([rejected, expired, cancelled])
    await expect.poll(() => listened.heard.length, SOON).toBe(3)
    await stand.answer(rejected, 'reject')
    await stand.workflows.pool.query("UPDATE hold SET expires_at = now() - interval '1 second' WHERE id = $1", [
      expired,
    ])
    await stand.workflows.holds.expire(expired)
    await mcp.task('tasks/cancel', { taskId: cancelled })
    expect(await listened.closed).toBe('graceful')
    await expect.poll(() => listened.states(cancelled), SOON).toEqual(['working', 'cancelled'])
    expect(listened.states(rejected)).toEqual(['working', 'completed'])
    const message = 'It was rejected by cleo: because'
    const last = (task: string) => listened.heard.findLast(({ taskId }) => taskId === task)
    expect(last(rejected).result).toMatchObject({ isError: true, structuredContent: { message } })
    expect(last(expired)).toMatchObject({ status: 'completed', result: { isError: true } })
  }, 40_000)

  test('hears that a reason is wanted, gives it, and hears it work on', async () => {
    const id = await started()
    const answering =
      '{"reasonRequired": true, "remindMs": null, "escalate": null, "onCall": [], "delegates": {}, "breakGlass": null, "sameShape": null}'
    await stand.workflows.pool.query(
      "UPDATE hold SET request = jsonb_set(request::jsonb, '{decision,answering}', $2::jsonb) WHERE id = $1",
      [id, answering],
    )
    const listened = await listen([id])
    await expect.poll(() => listened.states(), SOON).toEqual(['input_required'])
    expect(listened.heard[0].inputRequests).toMatchObject({ reason: { method: 'elicitation/create' } })
    const inputResponses = { reason: { action: 'accept', content: { reason: 'Quarterly report' } } }
    await mcp.task('tasks/update', { taskId: id, inputResponses })
    await expect.poll(() => listened.states(), SOON).toEqual(['input_required', 'working'])
    await listened.stop()
    await mcp.task('tasks/cancel', { taskId: id })
    expect(listened.states()).not.toContain('cancelled')
  }, 40_000)

  test('hears nothing of another’s, nor of what is no task', async () => {
    const theirs = (await stand.statement('ana', unbounded())).body.hold.id
    const mine = await started()
    const listened = await listen([theirs, mine, 'hold_nothing'])
    await expect.poll(() => listened.states(mine), SOON).toEqual(['working'])
    await stand.answer(theirs, 'reject')
    await stand.answer(mine, 'reject')
    expect(await listened.closed).toBe('graceful')
    await expect.poll(() => listened.states(mine), SOON).toEqual(['working', 'completed'])
    expect(listened.heard.filter(({ taskId }) => taskId !== mine)).toEqual([])
    expect(await (await listen([theirs])).closed).toBe('graceful')
  }, 40_000)
})

test('the acknowledgement comes first and names the tasks that are told of; every message names the subscription', async () => {
  const theirs = (await stand.statement('ana', unbounded())).body.hold.id
  const mine = await started()
  await stand.answer(mine, 'reject')
  const meta = {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientInfo': { name: 'raw', version: '1' },
    'io.modelcontextprotocol/clientCapabilities': { extensions: { [TASKS]: {} } },
  }
  const method = 'subscriptions/listen'
  const response = await fetch(`${stand.base}/mcp`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${await stand.token('report-bot')}`,
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      'mcp-protocol-version': '2026-07-28',
      'mcp-method': method,
    },
    body: JSON.stringify({
      jsonrpc: '2.0',
      id: 9,
      method,
      params: { _meta: meta, notifications: { taskIds: [theirs, mine] } },
    }),
  })
  const data = (await response.text()).split('\n').filter((line) => line.startsWith('data: '))
  const _meta = { 'io.modelcontextprotocol/subscriptionId': 9 }
  expect(data.map((line) => JSON.parse(line.slice(6)))).toMatchObject([
    { method: 'notifications/subscriptions/acknowledged', params: { notifications: { taskIds: [mine] }, _meta } },
    { method: 'notifications/tasks', params: { taskId: mine, status: 'completed', _meta } },
    { id: 9, result: { resultType: 'complete', _meta } },
  ])
})

test('who does not declare the extension is told that it has to', async () => {
  const id = await started()
  await using undeclared = await openMcp(stand, 'report-bot')
  await expect(listen([id], undeclared)).rejects.toMatchObject({
    code: -32021,
    data: { requiredCapabilities: { extensions: { [TASKS]: {} } } },
  })
})

test('a process that ends says so, and its successor is listened to instead', async () => {
  const id = await started()
  const listened = await listen([id])
  await expect.poll(() => listened.states(), SOON).toEqual(['working'])
  await stand.restart()
  expect(await listened.closed).toMatch(/graceful|remote/)
  await using again = await openMcp(stand, 'report-bot', { tasks: true })
  const anew = await listen([id], again)
  await stand.answer(id, 'approve')
  await anew.closed
  await expect.poll(() => anew.states().at(-1), SOON).toBe('completed')
}, 40_000)
