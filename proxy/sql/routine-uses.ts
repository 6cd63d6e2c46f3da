import type { Routine } from '../../policies/input.ts'

/** The functions that a statement calls or leads to, one entry a name. */
export class RoutineUses {
  readonly #routines = new Map<string, Routine>()

  add(routine: Routine): void {
    const key = `${routine.schema}.${routine.name}`
    const before = this.#routines.get(key)
    this.#routines.set(key, before === undefined ? routine : lessTrusted(before, routine))
  }

  absorb(other: RoutineUses): void {
    for (const routine of other.#routines.values()) this.add(routine)
  }

  facts(): Routine[] {
    return [...this.#routines.values()]
  }
}

const volatilities: readonly Routine['volatility'][] = ['immutable', 'stable', 'volatile', 'unknown']

/** Of two functions of one name, the worse of each property: a rule that asks by name must hold for both. */
function lessTrusted(a: Routine, b: Routine): Routine {
  const volatility =
    volatilities.indexOf(a.volatility) > volatilities.indexOf(b.volatility) ? a.volatility : b.volatility
  return { ...a, volatility, known: a.known && b.known, builtin: a.builtin && b.builtin }
}
