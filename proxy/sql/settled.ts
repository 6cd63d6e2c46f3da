import { type Carry, carriedInto, noTemporaries, type Temporaries, together } from '../catalog/temporaries.ts'
import type { Analysis } from './analyse.ts'
import type { NameContext } from './context.ts'

/** Each round takes a label one step further; a chain that is longer is no honest use, and is cut short by the widest. */
const ROUNDS_MAX = 8

/**
 * A statement that puts labelled values into a temporary table may also read it, or answer with what it has written. So
 * it is read again with these labels on, until there are no more.
 */
export function settled(names: NameContext, analyse: (names: NameContext) => Analysis): Analysis {
  let before = names.temporaries ?? noTemporaries
  for (let rounds = 0; ; rounds++) {
    const analysis = analyse({ ...names, temporaries: before })
    const carries = analysis.effects.carries ?? []
    const after = carriedInto(before, rounds < ROUNDS_MAX ? carries : everywhere(before, carries))
    if (after === before) return analysis
    before = after
  }
}

function everywhere({ labels }: Temporaries, carries: readonly Carry[]): readonly Carry[] {
  const all = carries.reduce((found, carry) => together(found, carry.labels), labels)
  return carries.map((carry) => ({ ...carry, attribute: null, exact: false, labels: all }))
}
