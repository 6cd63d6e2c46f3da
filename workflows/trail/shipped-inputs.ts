import { canonical, type TrailRecord } from './line.ts'

interface Count {
  readonly input: string
  readonly day: string
  readonly policy: string
  readonly outcome: string
  decisions: number
}

/**
 * What a batch of records says about policy inputs. A held statement is counted when it is held, and not again when it
 * runs.
 */
export class ShippedInputs {
  readonly #inputs = new Map<string, { readonly text: string; readonly at: string }>()
  readonly #counts = new Map<string, Count>()
  #last: Count | null = null

  /**
   * An intent or a refusal, counted when its decision was this.
   *
   * @param line as it was written: its keys are in order, and a quote within a text is escaped, so that what looks like
   * one of them is one
   */
  decided(line: Buffer, day: string, outcome: 'allow' | 'deny'): void {
    const input = fieldOf(line, 'input', 0)
    const decided = fieldOf(line, 'outcome', input.end)
    if (input.value === '' || decided.value !== outcome) return
    this.#count({ input: input.value, day, policy: fieldOf(line, 'policy', decided.end).value, outcome })
  }

  /** Any other record. */
  saw({ event, body, at }: TrailRecord): void {
    if (event === 'input.recorded') {
      if (!this.#inputs.has(text(body.digest))) this.#inputs.set(text(body.digest), { text: canonical(body.input), at })
    } else if (event === 'hold.created' && Array.isArray(body.inputs)) {
      for (const input of body.inputs)
        this.#count({ input: text(input), day: at.slice(0, 10), policy: text(body.policy), outcome: 'hold' })
    }
  }

  /** As columns for one INSERT each; in one order everywhere, so that two who ship at once never wait in a circle. */
  columns(): readonly (readonly (string | number)[])[] {
    const found = [...this.#inputs].sort(([one], [other]) => (one < other ? -1 : 1))
    const counted = [...this.#counts].sort(([one], [other]) => (one < other ? -1 : 1)).map(([, value]) => value)
    return [
      found.map(([digest]) => digest),
      found.map(([, input]) => input.text),
      found.map(([, input]) => input.at),
      counted.map(({ input }) => input),
      counted.map(({ day }) => day),
      counted.map(({ policy }) => policy),
      counted.map(({ outcome }) => outcome),
      counted.map(({ decisions }) => decisions),
    ]
  }

  /** Mostly the same again. */
  #count(one: Omit<Count, 'decisions'>): void {
    if (this.#last === null || !isSame(this.#last, one)) this.#last = this.#countOf(one)
    this.#last.decisions++
  }

  #countOf(one: Omit<Count, 'decisions'>): Count {
    const key = `${one.input} ${one.day} ${one.policy} ${one.outcome}`
    const known = this.#counts.get(key)
    if (known !== undefined) return known
    const count = { ...one, decisions: 0 }
    this.#counts.set(key, count)
    return count
  }
}

function isSame(one: Count, other: Omit<Count, 'decisions'>): boolean {
  return (
    one.input === other.input && one.day === other.day && one.policy === other.policy && one.outcome === other.outcome
  )
}

const QUOTE = 0x22

/** The text of a field whose value needs no escape; empty where there is none. */
function fieldOf(line: Buffer, name: string, from: number): { readonly value: string; readonly end: number } {
  const key = `,"${name}":"`
  const at = line.indexOf(key, from, 'latin1')
  if (at === -1) return { value: '', end: from }
  const start = at + key.length
  const end = line.indexOf(QUOTE, start)
  return { value: line.toString('latin1', start, end), end }
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : ''
}
