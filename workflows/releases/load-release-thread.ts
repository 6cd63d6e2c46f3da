import { setPriority } from 'node:os'
import { parentPort } from 'node:worker_threads'
import type { LoadTask } from './loaded-apart.ts'

/**
 * What loading-thread.ts keeps. On Linux a priority is a thread's own: this one yields to those that serve statements, also
 * while it reads its own code, which is why that comes after. Elsewhere it would be the whole process, so not there.
 */
if (process.platform === 'linux') setPriority(0, 19)

const { loadedApart } = await import('./loaded-apart.ts')
parentPort?.on('message', (task: LoadTask) => {
  void loadedApart(task).then((loaded) => parentPort?.postMessage(loaded))
})
