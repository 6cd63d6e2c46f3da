import { GenerationalCache } from '../generational-cache.ts'
import type { Policy } from '../policies/evaluate.ts'
import type { CatalogSnapshot } from './catalog/snapshot.ts'
import type { Temporaries } from './catalog/temporaries.ts'
import type { SessionView } from './gate.ts'

/** Sessions with the same context get the same judgement for the same text. */
export interface JudgingContext {
  /** Stands for everything but the text that a judgement depends on. */
  readonly id: number
  /** Stands for everything but the text that an analysis depends on. */
  readonly namesId: number
}

/** What a session was like when its context was looked up. */
interface Seen {
  readonly snapshot: CatalogSnapshot
  readonly policy: Policy
  readonly epoch: number
  readonly identity: SessionView['identity']
  readonly target: SessionView['target']
  readonly role: string
  readonly searchPath: string | null
  readonly temporaries: string
  readonly known: Temporaries | undefined
  readonly volatile: string
  readonly door: SessionView['door']
  readonly context: JudgingContext
}

/**
 * Gives equal contexts equal numbers. Numbers are never used twice, so a context that is dropped from here while entries
 * under its number live elsewhere only costs those entries.
 */
export class JudgingContexts {
  readonly #seen = new WeakMap<SessionView, Seen>()
  readonly #numbers = new GenerationalCache<string, number>(20_000)
  readonly #snapshots = new WeakMap<CatalogSnapshot, number>()
  readonly #temporaries = new WeakMap<Temporaries, number>()
  readonly #policies = new WeakMap<Policy, number>()
  #last = 0

  of(session: SessionView, snapshot: CatalogSnapshot, policy: Policy): JudgingContext {
    const seen = this.#seen.get(session)
    const temporaries =
      session.temporaryRelations.size + (session.uncommitted?.length ?? 0) === 0
        ? ''
        : JSON.stringify([[...session.temporaryRelations].sort(), session.uncommitted ?? []])
    const epoch = policy.epoch ?? 0
    const volatile = policy.manifest.volatile.length === 0 ? '' : volatileOf(session, policy)
    if (
      seen !== undefined &&
      seen.snapshot === snapshot &&
      seen.policy === policy &&
      seen.epoch === epoch &&
      seen.identity === session.identity &&
      seen.target === session.target &&
      seen.role === session.role &&
      seen.searchPath === session.searchPath &&
      seen.temporaries === temporaries &&
      seen.known === session.temporaries &&
      seen.volatile === volatile &&
      seen.door === session.door
    )
      return seen.context
    const context = this.#lookUp(session, snapshot, policy, temporaries, volatile)
    const { identity, target, role, searchPath, door } = session
    this.#seen.set(session, {
      snapshot,
      policy,
      epoch,
      identity,
      target,
      role,
      searchPath,
      temporaries,
      known: session.temporaries,
      volatile,
      door,
      context,
    })
    return context
  }

  #lookUp(
    session: SessionView,
    snapshot: CatalogSnapshot,
    policy: Policy,
    temporaries: string,
    volatile: string,
  ): JudgingContext {
    const { role, searchPath, target, door } = session
    const { expiresAt: _, ...identity } = session.identity
    const next = () => ++this.#last
    const known = session.temporaries === undefined ? 0 : numberOf(this.#temporaries, session.temporaries, next)
    const names = [numberOf(this.#snapshots, snapshot, next), role, searchPath, temporaries, known]
    const policyNumber = numberOf(this.#policies, policy, next)
    const whole = [...names, policyNumber, policy.epoch ?? 0, target, door, identity, volatile]
    return { id: this.#number(JSON.stringify(whole)), namesId: this.#number(JSON.stringify(names)) }
  }

  #number(key: string): number {
    const known = this.#numbers.get(key)
    if (known !== undefined) return known
    this.#numbers.set(key, ++this.#last, 1)
    return this.#last
  }
}

/** The fields that only some policies are shown; in the key only when this one is. */
function volatileOf(session: SessionView, policy: Policy): string {
  const { volatile } = policy.manifest
  return JSON.stringify([
    volatile.includes('session.application') ? session.application : null,
    volatile.includes('session.transaction') ? session.transaction : null,
    volatile.includes('identity.expiresAt') ? session.identity.expiresAt : null,
  ])
}

function numberOf<T extends object>(numbers: WeakMap<T, number>, key: T, next: () => number): number {
  const known = numbers.get(key)
  if (known !== undefined) return known
  const number = next()
  numbers.set(key, number)
  return number
}
