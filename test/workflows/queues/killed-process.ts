import { createHolds } from '../../../workflows/holds/holds.ts'
import { createQueues } from '../../../workflows/queues/create-queues.ts'
import { openState } from '../../../workflows/state/state.ts'
import { person, request, testLog } from '../stage.ts'

/**
 * A process that is killed at the worst instant: its change is committed, its jobs are not made. Run by
 * killed-process.test.ts as `node killed-process.ts <state url> create|<hold to approve>`.
 */
const [url = '', what = ''] = process.argv.slice(2)
const pool = openState(url)
const queues = createQueues({ url }, testLog())
await queues.ready()
const die = (): Promise<never> => {
  process.kill(process.pid, 'SIGKILL')
  return new Promise(() => undefined)
}
const holds = createHolds({
  pool,
  queues: { ...queues, scheduleExpiry: die, announce: die, cancelExpiry: die },
  pendingMax: 10,
  log: testLog(),
})
if (what === 'create') await holds.create(request({ expiryMs: 3_000 }))
else await holds.vote(what, person('ben'), { choice: 'approve', reason: null, via: 'slack' })
