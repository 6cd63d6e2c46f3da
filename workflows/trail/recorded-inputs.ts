import { GenerationalCache } from '../../generational-cache.ts'
import type { TracedInput } from './traced-input.ts'
import type { Trail } from './trail.ts'

/** How many inputs are known to be in the journal; one that was forgotten is recorded again, which harms nobody. */
const KNOWN_MAX = 50_000
/** Then all are recorded again: the state database forgets what nothing was decided by for some days (keep-inputs.ts). */
const KNOWN_MS = 24 * 60 * 60_000

/** Puts every policy input into a journal once, before the first record that names it; before that, what its rules read. */
export class RecordedInputs {
  readonly #trail: Pick<Trail, 'append'>
  readonly #described = new Set<string>()
  readonly #knownMax: number
  readonly #now: () => number
  #known: GenerationalCache<string, true>
  #knownUntil: number

  constructor(trail: Pick<Trail, 'append'>, knownMax = KNOWN_MAX, now: () => number = Date.now) {
    this.#trail = trail
    this.#knownMax = knownMax
    this.#now = now
    this.#known = new GenerationalCache(knownMax)
    this.#knownUntil = now() + KNOWN_MS
  }

  /** @throws TrailError when the journal has failed */
  record({ digest, input, policy, rules }: TracedInput): void {
    if (this.#now() >= this.#knownUntil) this.#forget()
    if (this.#known.get(digest) !== undefined) return
    if (!this.#described.has(policy)) {
      this.#trail.append('policy.described', { policy, rules })
      this.#described.add(policy)
    }
    this.#trail.append('input.recorded', { digest, input })
    this.#known.set(digest, true, 1)
  }

  #forget(): void {
    this.#known = new GenerationalCache(this.#knownMax)
    this.#knownUntil = this.#now() + KNOWN_MS
  }
}

const ofTrail = new WeakMap<object, RecordedInputs>()

/** The one of a journal, whichever session asks. */
export function recordedInputsOf(trail: Pick<Trail, 'append'>): RecordedInputs {
  let inputs = ofTrail.get(trail)
  if (inputs === undefined) {
    inputs = new RecordedInputs(trail)
    ofTrail.set(trail, inputs)
  }
  return inputs
}
