import type { CompiledPolicy } from '../../policies/compile.ts'
import { PolicyError, type PolicyErrorCode } from '../../policies/errors.ts'
import { loadPolicy } from '../../policies/evaluate.ts'
import { compileModule, type WasmModule } from '../../policies/opa-module.ts'
import { unpackPolicy } from '../../policies/packed.ts'
import { warmUp } from './warm-up.ts'

/** What is done for a release in a thread: it is unpacked, compiled and warmed, and the compiled module given back. */
export interface LoadTask {
  readonly bytes: Uint8Array
  readonly digest: string
}

export type LoadedApart =
  | { readonly compiled: CompiledPolicy; readonly module: WasmModule }
  | { readonly problem: string; readonly code: PolicyErrorCode }

/** Anything but a PolicyError ends the thread. */
export async function loadedApart({ bytes, digest }: LoadTask): Promise<LoadedApart> {
  try {
    const compiled = unpackPolicy(Buffer.from(bytes), digest)
    const module = await compileModule(compiled.wasm)
    await warmUp(await loadPolicy(compiled, { module }))
    return { compiled, module }
  } catch (error) {
    if (error instanceof PolicyError) return { problem: error.message, code: error.code }
    throw error
  }
}
