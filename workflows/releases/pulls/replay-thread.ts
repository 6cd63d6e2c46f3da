import { parentPort, workerData } from 'node:worker_threads'
import { loadPolicy } from '../../../policies/evaluate.ts'
import { unpackPolicy } from '../../../policies/packed.ts'
import { replay } from '../../replay/replay.ts'
import { stateInputs } from '../../replay/state-inputs.ts'
import { openState } from '../../state/state.ts'
import { warmUp } from '../warm-up.ts'
import type { ReplayOutcome, ReplayTask } from './replay-apart.ts'

/** The thread of replay-apart.ts: loads both policies, asks the state database for inputs, says what differs. */
const { stateUrl, before, after, now, days, inputsMax } = workerData as ReplayTask

async function difference(): Promise<ReplayOutcome> {
  // Resource limits of a thread count its heap, and not what WebAssembly takes.
  const limits = { decisionBytesMax: 256 * 1024 * 1024 }
  const was = await loadPolicy(unpackPolicy(Buffer.from(before.bytes), before.digest), limits)
  const is = await loadPolicy(unpackPolicy(Buffer.from(after.bytes), after.digest), limits)
  try {
    await warmUp(is)
  } catch {
    return { problem: 'The policy has no answer even to a read, so nothing would run.' }
  }
  const pool = openState(stateUrl)
  try {
    return { difference: await replay(stateInputs({ pool, days, now, inputsMax }), was, is) }
  } finally {
    await pool.end()
  }
}

parentPort?.postMessage(await difference())
