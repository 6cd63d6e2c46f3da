import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { canariesIn } from '../../adversary/canaries.ts'
import { type DoorsStand, openDoorsStand } from './doors-stand.ts'
import { type McpClient, openMcp, TASKS } from './mcp-client.ts'

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

let one = 0
const unbounded = (returning = ''): string => `UPDATE customers SET name = name || '!' ${returning} /* task ${++one} */`

async function started(returning = ''): Promise<string> {
  const { task } = await mcp.call('query', { sql: unbounded(returning) })
  return task.taskId
}

const get = (taskId: string) => mcp.task('tasks/get', { taskId })
const status = async (taskId: string): Promise<string> => (await get(taskId)).status

describe('a hold as a task', () => {
  test('has the hold’s id, says who can approve it until when, and lives as long', async () => {
    expect(mcp.client.getServerCapabilities()?.extensions).toHaveProperty([TASKS])
    const { task } = await mcp.call('query', { sql: unbounded() })
    expect(task).toMatchObject({ status: 'working', pollIntervalMs: expect.any(Number) })
    const hold = await stand.workflows.holds.find(task.taskId)
    expect(hold?.status).toBe('pending')
    expect(task.statusMessage).toContain('1 of dba')
    expect(task.statusMessage).toContain(hold?.expiresAt)
    expect(Date.parse(task.createdAt) + task.ttlMs).toBeGreaterThanOrEqual(Date.parse(hold?.expiresAt ?? ''))
    expect(await get(task.taskId)).toMatchObject(task)
  })

  test('completes with the masked result when it is approved', async () => {
    const id = await started('RETURNING id, email')
    await stand.answer(id, 'approve')
    const seen: { status: string; result?: { structuredContent: object } }[] = []
    await expect
      .poll(async () => seen[seen.push((await get(id)) as never) - 1]?.status, { timeout: 20_000 })
      .toBe('completed')
    const { result } = seen.at(-1) as { result: { structuredContent: object } }
    expect(result.structuredContent).toMatchObject({
      status: 'completed',
      tag: 'UPDATE 5',
      columns: [{}, { masked: 'email' }],
    })
    expect(canariesIn(Buffer.from(JSON.stringify(seen)))).toEqual([])
  })

  test('completes with an error of the tool when it is rejected', async () => {
    const id = await started()
    await stand.answer(id, 'reject')
    expect(await get(id)).toMatchObject({
      status: 'completed',
      result: { isError: true, structuredContent: { message: 'It was rejected by cleo: because' } },
    })
  })

  test('completes with an error of the tool when nobody answers in time', async () => {
    const id = await started()
    await stand.workflows.pool.query("UPDATE hold SET expires_at = now() - interval '1 second' WHERE id = $1", [id])
    await stand.workflows.holds.expire(id)
    expect(await get(id)).toMatchObject({ status: 'completed', result: { isError: true } })
  })

  test('is cancelled by tasks/cancel, which withdraws the hold, and does nothing more once it is answered', async () => {
    const id = await started()
    await mcp.task('tasks/cancel', { taskId: id })
    expect(await status(id)).toBe('cancelled')
    expect((await stand.workflows.holds.find(id))?.status).toBe('withdrawn')
    const rejected = await started()
    await stand.answer(rejected, 'reject')
    await mcp.task('tasks/cancel', { taskId: rejected })
    expect(await status(rejected)).toBe('completed')
  })

  test('asks for a reason where policy wants one, and goes on when it has one', async () => {
    const id = await started()
    await stand.workflows.pool.query(
      `UPDATE hold SET request = jsonb_set(request::jsonb, '{decision,answering}',
         '{"reasonRequired": true, "remindMs": null, "escalate": null, "onCall": [], "delegates": {}, "breakGlass": null, "sameShape": null}')
       WHERE id = $1`,
      [id],
    )
    const asked = await get(id)
    expect(asked).toMatchObject({
      status: 'input_required',
      inputRequests: { reason: { method: 'elicitation/create', params: { mode: 'form' } } },
    })
    await expect(stand.answer(id, 'approve')).rejects.toMatchObject({ code: 'reason_missing' })
    await mcp.task('tasks/update', {
      taskId: id,
      inputResponses: { reason: { action: 'decline' }, other: { action: 'accept' } },
    })
    expect(await status(id)).toBe('input_required')
    const inputResponses = { reason: { action: 'accept', content: { reason: 'Quarterly report' } } }
    await mcp.task('tasks/update', { taskId: id, inputResponses })
    await mcp.task('tasks/update', { taskId: id, inputResponses })
    expect(await status(id)).toBe('working')
    expect((await stand.workflows.holds.find(id))?.reason).toBe('Quarterly report')
  })

  test('outlives the process that made it', async () => {
    const id = await started('RETURNING id')
    await stand.restart()
    await using again = await openMcp(stand, 'report-bot', { tasks: true })
    expect(await again.task('tasks/get', { taskId: id })).toMatchObject({ status: 'working' })
    await stand.answer(id, 'approve')
    await expect
      .poll(async () => (await again.task('tasks/get', { taskId: id })).status, { timeout: 20_000 })
      .toBe('completed')
    await mcp[Symbol.asyncDispose]()
    mcp = await openMcp(stand, 'report-bot', { tasks: true })
  })

  test('that was used from psql says so', async () => {
    const sql = unbounded()
    const psql = await stand.wire('report-bot')
    const { detail } = (await psql.query(sql).catch((error: unknown) => error)) as { detail: string }
    const { hold } = JSON.parse(detail)
    expect(await status(hold)).toBe('working')
    await stand.answer(hold, 'approve')
    await psql.query(sql)
    await psql.end()
    expect(await get(hold)).toMatchObject({ status: 'completed', result: { isError: true } })
  })
})

describe('tasks', () => {
  test('are not there for another, nor for a client that does not declare the extension', async () => {
    const id = await started()
    await using other = await openMcp(stand, 'ana', { tasks: true })
    await using undeclared = await openMcp(stand, 'report-bot')
    for (const method of ['tasks/get', 'tasks/update', 'tasks/cancel']) {
      await expect(other.task(method, { taskId: id }), method).rejects.toMatchObject({ code: -32602 })
      await expect(undeclared.task(method, { taskId: id }), method).rejects.toMatchObject({ code: -32021 })
    }
    await expect(mcp.task('tasks/get', { taskId: 'hold_nothing' })).rejects.toMatchObject({ code: -32602 })
    expect(await status(id)).toBe('working')
  })

  test('are not made for what needs no approval', async () => {
    expect(await mcp.call('query', { sql: 'SELECT 1 AS one' })).toMatchObject({ status: 'completed', rows: [[1]] })
  })
})
