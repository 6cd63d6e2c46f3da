import { Worker } from 'node:worker_threads'
import { PolicyError } from '../../policies/errors.ts'
import type { LoadedApart, LoadTask } from './loaded-apart.ts'

/**
 * The thread of load-release.ts, kept for the next release. Starting one and reading its code takes ten times the CPU of
 * what it does for a release, and that went to the swap. It keeps no process alive, has a bound on its memory, and one
 * that fails or hangs is ended: the next release gets another.
 */
const LOAD_MS_MAX = 60_000
const HEAP_MB_MAX = 128

let kept: Worker | null = null
let last: Promise<unknown> = Promise.resolve()

/** One after the other. @throws PolicyError module_unusable */
export function loadApart(task: LoadTask): Promise<LoadedApart> {
  const loading = last.then(() => loadIn(thread(), task))
  last = loading.catch(() => undefined)
  return loading
}

function thread(): Worker {
  if (kept !== null) return kept
  const worker = new Worker(new URL('load-release-thread.ts', import.meta.url), {
    resourceLimits: { maxOldGenerationSizeMb: HEAP_MB_MAX },
  })
  worker.on('error', () => forget(worker))
  worker.on('exit', () => forget(worker))
  kept = worker
  return worker
}

function forget(worker: Worker): void {
  if (kept === worker) kept = null
}

function loadIn(worker: Worker, task: LoadTask): Promise<LoadedApart> {
  worker.ref()
  return new Promise((resolve, reject) => {
    const settle = (act: () => void): void => {
      clearTimeout(timer)
      for (const event of ['message', 'error', 'exit']) worker.removeListener(event, event === 'message' ? done : fail)
      worker.unref()
      act()
    }
    const done = (loaded: LoadedApart): void => settle(() => resolve(loaded))
    const fail = (cause?: unknown): void => {
      forget(worker)
      void worker.terminate()
      settle(() => reject(new PolicyError('module_unusable', 'The release cannot be loaded.', { cause })))
    }
    const timer = setTimeout(fail, LOAD_MS_MAX)
    worker.on('message', done)
    worker.on('error', fail)
    worker.on('exit', fail)
    worker.postMessage(task)
  })
}
