import { Worker } from 'node:worker_threads'
import type { CompiledPolicy } from '../../policies/compile.ts'
import { PolicyError, type PolicyErrorCode } from '../../policies/errors.ts'
import { loadPolicy, type Policy } from '../../policies/evaluate.ts'
import type { WasmModule } from '../../policies/opa-module.ts'
import { warmUp } from './warm-up.ts'

/**
 * A kept release, ready to decide, without keeping anybody waiting: unpacking it takes milliseconds, and the engine
 * compiles each function of a module when it is first called, tens of milliseconds at the first decision. Both are done
 * in a thread; what the engine compiled there is the module's own, and comes back with it.
 */
export interface LoadTask {
  readonly bytes: Uint8Array
  readonly digest: string
}

export type LoadedApart =
  | { readonly compiled: CompiledPolicy; readonly module: WasmModule }
  | { readonly problem: string; readonly code: PolicyErrorCode }

export interface LoadedRelease {
  readonly compiled: CompiledPolicy
  readonly policy: Policy
}

const LOAD_MS_MAX = 60_000

/** @throws PolicyError module_unusable, or whatever it is that the policy cannot do */
export async function loadRelease(bytes: Buffer, digest: string): Promise<LoadedRelease> {
  const loaded = await loadApart({ bytes, digest })
  if ('problem' in loaded) throw new PolicyError(loaded.code, loaded.problem)
  const { wasm, data, ...rest } = loaded.compiled
  // What comes from a thread are plain arrays.
  const compiled = { ...rest, wasm: Buffer.from(wasm), data: Buffer.from(data) }
  const policy = await loadPolicy(compiled, { module: loaded.module })
  await warmUp(policy)
  return { compiled, policy }
}

function loadApart(task: LoadTask): Promise<LoadedApart> {
  const worker = new Worker(new URL('load-release-thread.ts', import.meta.url), { workerData: task })
  return new Promise((resolve, reject) => {
    const settle = (act: () => void): void => {
      clearTimeout(timer)
      act()
      void worker.terminate()
    }
    const fail = (cause?: unknown): void =>
      settle(() => reject(new PolicyError('module_unusable', 'The release cannot be loaded.', { cause })))
    const timer = setTimeout(fail, LOAD_MS_MAX)
    worker.once('message', (loaded: LoadedApart) => settle(() => resolve(loaded)))
    worker.once('error', fail)
    worker.once('exit', () => fail())
  })
}
