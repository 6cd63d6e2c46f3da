import { GenerationalCache } from '../generational-cache.ts'
import { reviewable } from './answering.ts'
import { type CompiledPolicy, ENTRYPOINT } from './compile.ts'
import { type Decision, decision } from './decision.ts'
import { PolicyError } from './errors.ts'
import type { PolicyInput } from './input.ts'
import { type LabelTreatment, labelTreatment } from './label-treatment.ts'
import { type Manifest, shownTo } from './manifest.ts'
import { compileModule, exportedNames, type OpaModule, startModule, type WasmModule } from './opa-module.ts'
import type { RuleDescription } from './rule-description.ts'
import { type InForce, inForce } from './terms.ts'

/**
 * A compiled policy, ready to decide. It runs in WebAssembly in this thread and has no state between two decisions: the
 * same input is the same decision, so decisions are remembered by their input.
 */
export interface Policy {
  readonly digest: string
  readonly manifest: Manifest
  readonly rules: readonly RuleDescription[]
  /** What it says of labels, by the same data that its rules read. */
  readonly labels: LabelTreatment
  /** Moves on when an exception or a schedule begins or ends: what was decided before is not decided now. */
  readonly epoch?: number
  /** @throws PolicyError whenever there is no answer that is known to be one: the caller denies */
  decide(input: PolicyInput): Decision
}

export interface EvaluationLimits {
  /** The module's memory only grows; beyond this it is started anew. */
  readonly memoryBytesMax?: number
  /** What one decision may take, beyond which it fails: without a bound a rule could take all that the machine has. */
  readonly decisionBytesMax?: number
  readonly inputCharsMax?: number
  readonly rememberedBytesMax?: number
  /** The clock by which exceptions and schedules begin and end. */
  readonly now?: () => number
  /** The module of these very bytes, where it has been compiled already. */
  readonly module?: WasmModule
  /** false: local files, which nobody reviewed; what it decides is recorded as such. */
  readonly reviewed?: boolean
}

/** What a decision was made from. */
export interface Grounds {
  /** JSON of the input, as the policy was shown it. */
  readonly input: string
  readonly rules: readonly RuleDescription[]
  readonly reviewed: boolean
}

const grounds = new WeakMap<Decision, Grounds>()

/** undefined for a decision that no policy made. */
export function groundsOf(decision: Decision): Grounds | undefined {
  return grounds.get(decision)
}

/** @throws PolicyError module_unusable: not a module, no such entry point, or builtins that are not there */
export async function loadPolicy(compiled: CompiledPolicy, limits: EvaluationLimits = {}): Promise<Policy> {
  const given = limits.module === undefined ? compileModule(compiled.wasm) : Promise.resolve(limits.module)
  const module = await given.catch((cause: unknown) => {
    throw new PolicyError('module_unusable', 'The compiled policy is not a WebAssembly module.', { cause })
  })
  return new WasmPolicy(compiled, module, limits)
}

const PAGE_BYTES = 64 * 1024

class WasmPolicy implements Policy {
  readonly digest: string
  readonly manifest: Manifest
  readonly rules: readonly RuleDescription[]
  readonly labels: LabelTreatment
  readonly #module: WasmModule
  readonly #memoryBytesMax: number
  readonly #pagesMax: number
  readonly #inputCharsMax: number
  readonly #rememberedBytesMax: number
  readonly #now: () => number
  readonly #reviewed: boolean
  readonly #data: Readonly<Record<string, unknown>>
  #remembered: GenerationalCache<string, Decision>
  #terms: InForce
  #epoch = 0
  #instance: OpaModule

  constructor(compiled: CompiledPolicy, module: WasmModule, limits: EvaluationLimits) {
    this.digest = compiled.digest
    this.manifest = compiled.manifest
    this.rules = compiled.rules
    this.labels = labelTreatment(compiled.data.toString('utf8'))
    this.#module = module
    this.#memoryBytesMax = limits.memoryBytesMax ?? 64 * 1024 * 1024
    this.#pagesMax = Math.ceil((limits.decisionBytesMax ?? 512 * 1024 * 1024) / PAGE_BYTES)
    this.#inputCharsMax = limits.inputCharsMax ?? 4 * 1024 * 1024
    this.#rememberedBytesMax = limits.rememberedBytesMax ?? 16 * 1024 * 1024
    this.#remembered = new GenerationalCache(this.#rememberedBytesMax)
    this.#now = limits.now ?? Date.now
    this.#reviewed = limits.reviewed ?? true
    this.#data = JSON.parse(compiled.data.toString('utf8')) as Readonly<Record<string, unknown>>
    this.#terms = inForce(this.#data, this.#now())
    this.#instance = instantiate(module, this.#terms.data, this.#pagesMax)
  }

  /** Looks at the clock only where something begins or ends at all. */
  get epoch(): number {
    const { since, until } = this.#terms
    if (since === Number.NEGATIVE_INFINITY && until === Number.POSITIVE_INFINITY) return this.#epoch
    const now = this.#now()
    if (now < since || now >= until) this.#turn(now)
    return this.#epoch
  }

  decide(input: PolicyInput): Decision {
    void this.epoch
    const text = JSON.stringify(shownTo(this.manifest, input))
    const remembered = this.#remembered.get(text)
    if (remembered !== undefined) return remembered
    if (text.length > this.#inputCharsMax)
      throw new PolicyError('evaluation_failed', 'There is more to know about this statement than a policy is given.')
    const made = onlyDecision(this.#evaluate(text))
    grounds.set(made, { input: text, rules: this.rules, reviewed: this.#reviewed })
    this.#remembered.set(text, made, 2 * text.length)
    return made
  }

  #evaluate(text: string): unknown {
    try {
      const result: unknown = this.#instance.evaluate(asBuffer(text), ENTRYPOINT)
      if (this.#instance.mem.buffer.byteLength > this.#memoryBytesMax) this.#restart()
      return result
    } catch (cause) {
      // After a trap the module's memory is not to be trusted. The SDK also throws strings.
      this.#restart()
      throw new PolicyError('evaluation_failed', 'The policy failed while it judged this statement.', { cause })
    }
  }

  #turn(now: number): void {
    this.#terms = inForce(this.#data, now)
    this.#remembered = new GenerationalCache(this.#rememberedBytesMax)
    this.#epoch++
    this.#restart()
  }

  #restart(): void {
    this.#instance = instantiate(this.#module, this.#terms.data, this.#pagesMax)
  }
}

function instantiate(module: WasmModule, data: object, pagesMax: number): OpaModule {
  const instance = start(module, pagesMax)
  const missing = exportedNames(instance, 'builtins')
  if (missing.length > 0)
    throw new PolicyError('module_unusable', `The policy calls builtins that are not there: ${missing.join(', ')}.`, {
      hint: 'Compile it with policies/capabilities.json',
    })
  if (!exportedNames(instance, 'entrypoints').includes(ENTRYPOINT))
    throw new PolicyError('module_unusable', `The policy has no entry point ${ENTRYPOINT}.`)
  instance.setData(data)
  return instance
}

function start(module: WasmModule, pagesMax: number): OpaModule {
  try {
    return startModule(module, pagesMax)
  } catch (cause) {
    throw new PolicyError('module_unusable', 'The compiled policy does not start.', { cause })
  }
}

/** The SDK takes an object for something to serialise, and anything falsy for no input at all; this is neither. */
function asBuffer(text: string): ArrayBuffer {
  const bytes = new TextEncoder().encode(text)
  return bytes.buffer.byteLength === bytes.byteLength ? bytes.buffer : bytes.slice().buffer
}

/**
 * A result set is a list; an empty one means that the policy was undefined for this input.
 * @throws PolicyError result_undefined, result_invalid
 */
function onlyDecision(results: unknown): Decision {
  if (!Array.isArray(results)) throw new PolicyError('result_invalid', 'The policy gave no list of results.')
  if (results.length === 0) throw new PolicyError('result_undefined', 'The policy has no answer for this statement.')
  const parsed = decision.safeParse((results[0] as { readonly result?: unknown } | null)?.result)
  if (results.length > 1 || !parsed.success)
    throw new PolicyError('result_invalid', 'What the policy answered is not a decision.')
  const made = parsed.data
  // A hold that nobody can answer, or that never ends, is no hold; a decision without a rule explains nothing.
  const answerable =
    made.reviewers.length > 0 && made.expiryMs !== null && made.grantMs !== null && made.onHold !== null
  if (made.rules.length === 0 || (made.outcome === 'hold' && !answerable))
    throw new PolicyError('result_invalid', 'The decision of the policy lacks its rules, reviewers or times.')
  return Object.freeze(made.answering === undefined ? made : { ...made, answering: reviewable(made.answering) })
}
