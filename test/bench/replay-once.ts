import { loadPolicy } from '../../policies/evaluate.ts'
import type { RecordedInput } from '../../workflows/replay/recorded-input.ts'
import { replay } from '../../workflows/replay/replay.ts'
import { asked, relation } from '../policies/asked.ts'
import { defaultPolicies } from '../policies/default-policy.ts'

/**
 * Replays so many recorded decisions, no two alike, by two policies, and prints how long it took and the most memory
 * that was resident. Each input comes as JSON text and is let go, as from the state database.
 */
const count = Number(process.argv[2])
const KINDS = [
  { relations: [relation('orders', ['select'])] },
  { kind: 'update', tag: 'UPDATE', effects: ['write'], relations: [relation('customers', ['update'])] },
  {
    kind: 'delete',
    tag: 'DELETE',
    effects: ['write'],
    relations: [relation('orders', ['delete'])],
    flags: ['no_where'],
  },
] as const

function* recorded(): Generator<RecordedInput> {
  const texts = KINDS.map((kind) => JSON.stringify(asked({ ...kind, fingerprint: 'FINGERPRINT' })))
  for (let one = 0; one < count; one++) {
    const text = texts[one % texts.length] as string
    yield { digest: `${one}`, input: JSON.parse(text.replace('FINGERPRINT', `f${one}`)), decisions: 1 }
  }
}

const policy = await loadPolicy(await defaultPolicies())
const other = await loadPolicy(await defaultPolicies())
let megabytesMax = 0
const progress = (inputs: number): void => {
  megabytesMax = Math.max(megabytesMax, process.memoryUsage.rss() / 2 ** 20)
  if (inputs % 50_000 === 0) process.stderr.write(`replay: ${inputs} of ${count}\n`)
}
const start = performance.now()
const { inputs } = await replay(recorded(), policy, other, { progress })
const seconds = (performance.now() - start) / 1_000
process.stdout.write(`${JSON.stringify({ inputs, seconds, megabytesMax })}\n`)
