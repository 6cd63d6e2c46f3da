import type { CompiledPolicy } from '../../policies/compile.ts'
import { PolicyError } from '../../policies/errors.ts'
import { loadPolicy, type Policy } from '../../policies/evaluate.ts'
import { loadApart } from './loading-thread.ts'
import { warmUp } from './warm-up.ts'

/**
 * A kept release, ready to decide, without keeping anybody waiting: unpacking it takes milliseconds, and the engine
 * compiles each function of a module when it is first called, tens of milliseconds at the first decision. Both are done
 * in a thread; what the engine compiled there is the module's own, and comes back with it.
 */
export interface LoadedRelease {
  readonly compiled: CompiledPolicy
  readonly policy: Policy
}

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
