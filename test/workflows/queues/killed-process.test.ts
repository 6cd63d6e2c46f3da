import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import type { Hold } from '../../../workflows/holds/hold.ts'
import { createHolds, type KeptHolds } from '../../../workflows/holds/holds.ts'
import type { NoticeDelivery } from '../../../workflows/outbox/delivery.ts'
import { registerDeliveries } from '../../../workflows/outbox/register.ts'
import { createQueues } from '../../../workflows/queues/create-queues.ts'
import type { Queues } from '../../../workflows/queues/queues.ts'
import { startWorkers } from '../../../workflows/queues/workers.ts'
import { openStage, request, type Stage, testLog } from '../stage.ts'

const run = promisify(execFile)
const soon = { timeout: 15_000, interval: 10 }

let stage: Stage
let queues: Queues
let holds: KeptHolds
let seen: string[]
const inbox: NoticeDelivery = {
  name: 'inbox',
  deliver: async ({ id, status }, reason) => void seen.push(`${id} ${reason} ${status}`),
}

beforeAll(async () => {
  stage = await openStage()
  queues = createQueues({ url: stage.url }, testLog())
  holds = createHolds({ pool: stage.pool, queues, pendingMax: 10, log: stage.log, pollMs: 3_600_000 })
  await registerDeliveries(stage.pool, [inbox], new Date())
  seen = []
})
afterAll(async () => {
  await holds[Symbol.asyncDispose]()
  await queues.close()
  await stage[Symbol.asyncDispose]()
})

async function killedAfter(what: string): Promise<void> {
  const program = fileURLToPath(new URL('./killed-process.ts', import.meta.url))
  await expect(run(process.execPath, [program, stage.url, what], { timeout: 20_000 })).rejects.toMatchObject({
    signal: 'SIGKILL',
  })
}

test('a hold whose maker was killed before its jobs were made is shown and expires', async () => {
  await killedAfter('create')
  const [hold] = (await holds.list({ status: 'pending' })) as [Hold]
  const workers = await startWorkers({
    pool: stage.pool,
    queues,
    holds,
    deliver: [inbox],
    log: stage.log,
    now: later,
    reconcileEveryMs: 250,
  })
  await vi.waitFor(() => expect(seen).toContain(`${hold.id} created pending`), soon)
  await vi.waitFor(async () => expect((await holds.find(hold.id))?.status).toBe('expired'), soon)
  await workers.close()
})

test('a vote whose process was killed right after it counts, wakes and is shown', async () => {
  const { id } = await holds.create(request({ mode: 'wait' }))
  const settled = holds.settled(id, new AbortController().signal)
  await killedAfter(id)
  await expect(settled).resolves.toMatchObject({ status: 'approved', votes: [{ choice: 'approve' }] })
  const workers = await startWorkers({
    pool: stage.pool,
    queues,
    holds,
    deliver: [inbox],
    log: stage.log,
    now: later,
    reconcileEveryMs: 250,
  })
  await vi.waitFor(() => expect(seen).toContain(`${id} settled approved`), soon)
  await workers.close()
})

/**
 * Past the grace that the reconciler leaves to whoever made a change. Its clock is then ahead of the one that expires:
 * a job that comes too early does nothing, and the next round makes another.
 */
function later(): number {
  return Date.now() + 6_000
}
