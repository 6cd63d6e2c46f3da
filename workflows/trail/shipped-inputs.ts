import { canonical, recordOf } from './line.ts'

/** What a batch of records says about policy inputs, as columns for one INSERT each. */
export interface ShippedInputs {
  readonly inputs: {
    readonly digests: readonly string[]
    readonly texts: readonly string[]
    readonly times: readonly string[]
  }
  readonly counts: {
    readonly inputs: readonly string[]
    readonly days: readonly string[]
    readonly policies: readonly string[]
    readonly outcomes: readonly string[]
    readonly decisions: readonly number[]
  }
}

interface Count {
  readonly input: string
  readonly day: string
  readonly policy: string
  readonly outcome: string
  decisions: number
}

const OF_INTEREST = /"event":"(input\.recorded|statement\.intended|statement\.denied|hold\.created)","journal":"[^"]*",/
/** The event stands near the end of a line; a line of megabytes is not searched from its start. */
const END_CHARACTERS = 500
/** Which decision a record stands for: a held statement is counted when it is held, and not again when it runs. */
const COUNTED: Readonly<Record<string, string>> = { 'statement.intended': 'allow', 'statement.denied': 'deny' }

export function shippedInputs(lines: readonly string[]): ShippedInputs {
  const inputs = new Map<string, { readonly text: string; readonly at: string }>()
  const counts = new Map<string, Count>()
  for (const line of lines) {
    const event = OF_INTEREST.exec(line.slice(-END_CHARACTERS))?.[1]
    const record = event === undefined ? null : recordOf(line)
    if (record === null) continue
    const { at, body } = record
    if (event === 'input.recorded') {
      if (!inputs.has(text(body.digest))) inputs.set(text(body.digest), { text: canonical(body.input), at })
    } else
      for (const { input, policy, outcome } of decisionsOf(record.event, body))
        count(counts, { input, policy, outcome, day: at.slice(0, 10), decisions: 1 })
  }
  return columns(inputs, counts)
}

function decisionsOf(
  event: string,
  body: Readonly<Record<string, unknown>>,
): readonly Omit<Count, 'day' | 'decisions'>[] {
  if (event === 'hold.created') {
    const list = Array.isArray(body.inputs) ? body.inputs : []
    return list.map((input) => ({ input: text(input), policy: text(body.policy), outcome: 'hold' }))
  }
  const judgement = (body.judgement ?? {}) as Readonly<Record<string, unknown>>
  const { input, policy, outcome } = judgement
  if (typeof input !== 'string' || outcome !== COUNTED[event]) return []
  return [{ input, policy: text(policy), outcome: text(outcome) }]
}

function count(counts: Map<string, Count>, one: Count): void {
  const key = `${one.input} ${one.day} ${one.policy} ${one.outcome}`
  const known = counts.get(key)
  if (known === undefined) counts.set(key, one)
  else known.decisions++
}

/** In one order everywhere, so that two who ship at once never wait for each other in a circle. */
function columns(
  inputs: ReadonlyMap<string, { readonly text: string; readonly at: string }>,
  counts: ReadonlyMap<string, Count>,
): ShippedInputs {
  const found = [...inputs].sort(([one], [other]) => (one < other ? -1 : 1))
  const counted = [...counts].sort(([one], [other]) => (one < other ? -1 : 1)).map(([, value]) => value)
  return {
    inputs: {
      digests: found.map(([digest]) => digest),
      texts: found.map(([, input]) => input.text),
      times: found.map(([, input]) => input.at),
    },
    counts: {
      inputs: counted.map(({ input }) => input),
      days: counted.map(({ day }) => day),
      policies: counted.map(({ policy }) => policy),
      outcomes: counted.map(({ outcome }) => outcome),
      decisions: counted.map(({ decisions }) => decisions),
    },
  }
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : ''
}
