import type { Decision } from '../../policies/decision.ts'
import { PolicyError } from '../../policies/errors.ts'
import type { Policy } from '../../policies/evaluate.ts'
import { type ShownInput, volatileInput } from '../../policies/manifest.ts'
import type { Difference, Way } from './difference.ts'
import { MostAffected } from './most-affected.ts'
import { completed, type RecordedInput } from './recorded-input.ts'

export interface ReplayOptions {
  /** Called now and then with what has been judged so far. */
  readonly progress?: ((inputs: number, decisions: number) => void) | undefined
  /** How many statements and identities are named. */
  readonly topMax?: number
}

const PROGRESS_EVERY = 1_000

/**
 * Judges recorded inputs by two policies and says where they differ. Inputs come one at a time and are let go, so
 * memory does not grow with their number.
 */
export async function replay(
  inputs: AsyncIterable<RecordedInput> | Iterable<RecordedInput>,
  before: Policy,
  after: Policy,
  { progress, topMax = 10 }: ReplayOptions = {},
): Promise<Difference> {
  const comparison = new Comparison(before, after)
  for await (const recorded of inputs) {
    comparison.add(recorded)
    if (comparison.inputs % PROGRESS_EVERY !== 0) continue
    progress?.(comparison.inputs, comparison.decisions)
    await new Promise(setImmediate) // whoever else lives in this process gets its turn
  }
  return comparison.difference(topMax)
}

interface CountedWay {
  readonly from: Way['from']
  readonly to: Way['to']
  readonly changed: Way['changed']
  inputs: number
  decisions: number
}

class Comparison {
  inputs = 0
  decisions = 0
  readonly #before: Policy
  readonly #after: Policy
  readonly #ways = new Map<string, CountedWay>()
  readonly #statements = new MostAffected<Omit<Difference['statements'][number], 'decisions'>>()
  readonly #identities = new MostAffected<Omit<Difference['identities'][number], 'decisions'>>()
  readonly #fired = { before: new Set<string>(), after: new Set<string>() }
  readonly #failed = { before: 0, after: 0 }
  #incomplete = 0

  constructor(before: Policy, after: Policy) {
    this.#before = before
    this.#after = after
  }

  add({ input, decisions }: RecordedInput): void {
    this.inputs++
    this.decisions += decisions
    if (lacksVolatile(input, this.#after)) this.#incomplete++
    const from = this.#decide('before', this.#before, input)
    const to = this.#decide('after', this.#after, input)
    const changed = changes(from, to)
    if (changed.length === 0) return
    this.#countWay(from, to, changed, decisions)
    const { statement, identity } = input
    const relations = statement.relations.map(({ schema, name }) => `${schema}.${name}`).slice(0, 5)
    const { fingerprint, tag } = statement
    this.#statements.add(`${fingerprint} ${relations.join()}`, { fingerprint, tag, relations }, decisions)
    const { issuer, subject, name, kind } = identity
    this.#identities.add(JSON.stringify([issuer, subject]), { name, kind }, decisions)
  }

  difference(topMax: number): Difference {
    const ways = [...this.#ways.values()].sort((one, other) => other.decisions - one.decisions)
    const { before, after } = this.#fired
    return {
      before: this.#before.digest,
      after: this.#after.digest,
      inputs: this.inputs,
      decisions: this.decisions,
      differing: { inputs: sum(ways, 'inputs'), decisions: sum(ways, 'decisions') },
      ways,
      statements: this.#statements.top(topMax),
      identities: this.#identities.top(topMax),
      neverFired: this.#after.rules.map(({ id }) => id).filter((id) => !after.has(id)),
      noLongerFire: [...before].filter((id) => !after.has(id)).sort(),
      newlyFire: [...after].filter((id) => !before.has(id)).sort(),
      failed: { ...this.#failed },
      incomplete: this.#incomplete,
    }
  }

  #decide(side: 'before' | 'after', policy: Policy, input: ShownInput): Decision | null {
    try {
      const decision = policy.decide(completed(input))
      for (const { id } of decision.rules) this.#fired[side].add(id)
      for (const { id } of decision.unenforced ?? []) this.#fired[side].add(id)
      return decision
    } catch (error) {
      if (!(error instanceof PolicyError)) throw error
      this.#failed[side]++
      return null
    }
  }

  #countWay(from: Decision | null, to: Decision | null, changed: Way['changed'], decisions: number): void {
    const outcomes = { from: from?.outcome ?? 'deny', to: to?.outcome ?? 'deny' }
    const key = `${outcomes.from} ${outcomes.to} ${changed.join()}`
    const way = this.#ways.get(key) ?? { ...outcomes, changed, inputs: 0, decisions: 0 }
    way.inputs++
    way.decisions += decisions
    this.#ways.set(key, way)
  }
}

/** What people would notice; which rules said so is told apart from that. */
function changes(from: Decision | null, to: Decision | null): Way['changed'] {
  if ((from?.outcome ?? 'deny') !== (to?.outcome ?? 'deny')) return ['outcome']
  const differs = (part: (decision: Decision | null) => unknown): boolean =>
    JSON.stringify(part(from)) !== JSON.stringify(part(to))
  return [
    ...(differs((decision) => decision?.masks) ? ['masks' as const] : []),
    ...(differs((decision) => decision?.reviewers) ? ['reviewers' as const] : []),
    ...(differs((decision) => decision?.limits ?? null) ? ['limits' as const] : []),
    ...(differs((decision) => [decision?.expiryMs, decision?.grantMs, decision?.onHold]) ? ['times' as const] : []),
    ...(differs((decision) => warningsOf(decision)) ? ['warnings' as const] : []),
  ]
}

/** A refusal that is gone and a failure are both a deny; whether a person is warned counts, a shadow does not. */
function warningsOf(decision: Decision | null): readonly string[] {
  return (decision?.unenforced ?? []).filter(({ why }) => why === 'warn').map(({ id }) => id)
}

function lacksVolatile(input: ShownInput, { manifest }: Policy): boolean {
  const has = {
    'session.application': input.session.application,
    'session.transaction': input.session.transaction,
    'identity.expiresAt': input.identity.expiresAt,
  }
  return volatileInput.options.some((name) => manifest.volatile.includes(name) && has[name] === undefined)
}

function sum(ways: readonly CountedWay[], what: 'inputs' | 'decisions'): number {
  return ways.reduce((total, way) => total + way[what], 0)
}
