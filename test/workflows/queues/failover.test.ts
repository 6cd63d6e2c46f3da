import { describe, expect, test, vi } from 'vitest'
import type { Hold } from '../../../workflows/holds/hold.ts'
import { createHolds } from '../../../workflows/holds/holds.ts'
import { createQueues } from '../../../workflows/queues/create-queues.ts'
import { startWorkers } from '../../../workflows/queues/workers.ts'
import { programPath } from '../../harness/machine.ts'
import { freshSentinel, type TestSentinel } from '../../harness/redis.ts'
import { approve, openStage, request, testLog } from '../stage.ts'

const never = new AbortController().signal
const inTime = { timeout: 60_000, interval: 50 }

describe.skipIf(programPath('redis-server') === null)('a Redis whose master is lost', () => {
  test('goes on with the one that its sentinel names: no hold is lost, and new ones are made', async () => {
    await using redis = (await freshSentinel()) as TestSentinel
    await using stage = await openStage()
    const log = testLog()
    const queues = createQueues({ url: stage.url, redisUrl: redis.url }, log)
    await using holds = createHolds({ pool: stage.pool, queues, pendingMax: 100, log })
    const delivered: string[] = []
    const deliver = async (hold: Hold): Promise<void> => void delivered.push(`${hold.id} ${hold.status}`)
    const workers = await startWorkers({ pool: stage.pool, queues, holds, deliver: [{ name: 'told', deliver }], log })
    const [short, old] = [await holds.create(request({ expiryMs: 5_000 })), await holds.create(request())]
    const expired = holds.settled(short.id, never)
    const answered = holds.settled(old.id, never)
    await redis.loseMaster()
    // Whoever answers is not kept waiting, and what runs out meanwhile runs out.
    await approve({ holds }, old.id, 'ben')
    await expect(answered).resolves.toMatchObject({ status: 'approved' })
    await expect(expired).resolves.toMatchObject({ status: 'expired' })
    const fresh = await vi.waitUntil(() => holds.create(request()).catch(() => null), inTime)
    await vi.waitFor(() => expect(delivered).toContain(`${fresh?.id} pending`), inTime)
    for (const line of [`${short.id} expired`, `${old.id} approved`])
      await vi.waitFor(() => expect(delivered).toContain(line), inTime)
    await workers.close()
    await queues.close()
  }, 120_000)
})
