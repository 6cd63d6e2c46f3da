import { parentPort, workerData } from 'node:worker_threads'
import { PolicyError } from '../../policies/errors.ts'
import { loadPolicy } from '../../policies/evaluate.ts'
import { compileModule } from '../../policies/opa-module.ts'
import { unpackPolicy } from '../../policies/packed.ts'
import type { LoadedApart, LoadTask } from './load-release.ts'
import { warmUp } from './warm-up.ts'

/** The thread of load-release.ts: unpacks, compiles and warms, and gives the compiled module back. */
const { bytes, digest } = workerData as LoadTask

async function loaded(): Promise<LoadedApart> {
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

parentPort?.postMessage(await loaded())
