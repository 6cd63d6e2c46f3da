import { parentPort, workerData } from 'node:worker_threads'
import { compileModule, type OpaModule, startModule } from '../opa-module.ts'
import type { WasmAnswer, WasmAsk, WasmTask } from './run-in-wasm.ts'

/** The thread of run-in-wasm.ts: asks one module one thing after the other, and says so before and after each. */
const { wasm, data, asks, from, memoryBytesMax } = workerData as WasmTask
const module = await compileModule(wasm)
const base = JSON.parse(Buffer.from(data).toString('utf8')) as object
const pagesMax = Math.ceil(memoryBytesMax / 65_536)

let instance: OpaModule | null = null
let given: string | null = null

function answerTo({ entrypoint, input, replaced }: WasmAsk): WasmAnswer {
  try {
    instance ??= startModule(module, pagesMax)
    const own = JSON.stringify(replaced)
    if (own !== given) instance.setData({ ...base, ...replaced })
    given = own
    const bytes = new TextEncoder().encode(JSON.stringify(input))
    const results = instance.evaluate(bytes.slice().buffer, entrypoint) as readonly { readonly result: unknown }[]
    return { values: results.map(({ result }) => result) }
  } catch (error) {
    // After a trap the module's memory is not to be trusted. The SDK also throws strings.
    instance = null
    given = null
    return { problem: error instanceof Error ? error.message : String(error) }
  }
}

for (const [index, ask] of asks.entries()) {
  if (index < from) continue
  parentPort?.postMessage({ index, answer: answerTo(ask) })
}
