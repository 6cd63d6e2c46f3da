import { Worker } from 'node:worker_threads'

/**
 * Asks a module as the evaluator does, in a thread of its own: whoever opens a pull request chooses what is asked, and a
 * module can be made to think for ever. Then the thread is ended, and another goes on after that question.
 */
export interface WasmAsk {
  readonly entrypoint: string
  readonly input: unknown
  /** Of the module's data, what is something else this time. */
  readonly replaced: Readonly<Record<string, unknown>>
}

/** No value: undefined. */
export type WasmAnswer = { readonly values: readonly unknown[] } | { readonly problem: string }

export interface WasmTask {
  readonly wasm: Uint8Array
  /** JSON. */
  readonly data: Uint8Array
  readonly asks: readonly WasmAsk[]
  readonly from: number
  readonly memoryBytesMax: number
}

export interface WasmLimits {
  readonly askMsMax?: number
  readonly memoryBytesMax?: number
}

/** So many endless ones are enough to know; the rest is not asked. */
const ENDLESS_MAX = 3

/** @returns an answer to each, in their order */
export async function runInWasm(
  { wasm, data, asks }: Pick<WasmTask, 'wasm' | 'data' | 'asks'>,
  { askMsMax = 10_000, memoryBytesMax = 256 * 1024 * 1024 }: WasmLimits = {},
): Promise<readonly WasmAnswer[]> {
  const answers: WasmAnswer[] = []
  for (let endless = 0; answers.length < asks.length; ) {
    if (endless >= ENDLESS_MAX) {
      answers.push({ problem: `was not run, after ${ENDLESS_MAX} others that did not end` })
      continue
    }
    const problem = await oneThread({ wasm, data, asks, from: answers.length, memoryBytesMax }, answers, askMsMax)
    if (problem === null) continue
    endless++
    answers.push({ problem })
  }
  return answers
}

/** @returns why it ended before all were answered */
function oneThread(task: WasmTask, answers: WasmAnswer[], askMsMax: number): Promise<string | null> {
  const worker = new Worker(new URL('wasm-thread.ts', import.meta.url), { workerData: task })
  return new Promise((resolve) => {
    const settle = (problem: string | null): void => {
      clearTimeout(timer)
      resolve(problem)
      void worker.terminate()
    }
    const timer = setTimeout(() => settle(`did not end within ${askMsMax / 1_000} s`), askMsMax)
    worker.on('message', ({ answer }: { readonly answer: WasmAnswer }) => {
      answers.push(answer)
      timer.refresh()
      if (answers.length === task.asks.length) settle(null)
    })
    worker.once('error', (error: unknown) =>
      settle(`ended its thread: ${error instanceof Error ? error.message : error}`),
    )
    worker.once('exit', () => settle('ended its thread'))
  })
}
