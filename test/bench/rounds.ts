import type { Contestant } from './contestants.ts'
import { untilCalm } from './programs.ts'
import { type Spread, spreadOf } from './statistics.ts'

/** What every contestant reached in every round, in order. */
export type Figures = ReadonlyMap<string, readonly number[]>

let measured = 0
let disturbed = 0

/** How many measurements began although the machine was busy with something else. */
export function disturbance(): { readonly measured: number; readonly disturbed: number } {
  return { measured, disturbed }
}

export interface RoundsOptions {
  readonly contestants: readonly Contestant[]
  readonly rounds: number
  readonly measure: (contestant: Contestant) => Promise<number>
}

/** All in turn, A B C A B C …, after the machine has come to rest; who begins changes with each round. */
export async function inTurn({ contestants, rounds, measure }: RoundsOptions): Promise<Figures> {
  const figures = new Map(contestants.map(({ name }): [string, number[]] => [name, []]))
  for (let round = 0; round < rounds; round++) {
    const shift = round % contestants.length
    for (const contestant of [...contestants.slice(shift), ...contestants.slice(0, shift)]) {
      if (!(await untilCalm())) disturbed++
      measured++
      figures.get(contestant.name)?.push(await measure(contestant))
    }
  }
  return figures
}

/** The ratio of two contestants round by round, so that what slows the machine down slows both. */
export function ratio(figures: Figures, of: string, to: string): Spread | null {
  const above = figures.get(of)
  const below = figures.get(to)
  if (above === undefined || below === undefined || above.length === 0) return null
  return spreadOf(above.map((value, round) => value / (below[round] as number)))
}
