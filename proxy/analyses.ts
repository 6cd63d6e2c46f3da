import { GenerationalCache } from '../generational-cache.ts'
import type { CatalogSnapshot } from './catalog/snapshot.ts'
import type { SessionView } from './gate.ts'
import type { JudgingContext } from './judging-context.ts'
import { type Analysis, analyse } from './sql/analyse.ts'

/** A prepared statement or cursor that an analysis asked the session for, and what it was then. */
export interface Dependency {
  readonly kind: 'prepared statement' | 'cursor'
  readonly name: string
  readonly text: string | undefined
}

/** What is remembered of a text holds while what it asked the session for is the same. */
export interface Known<T> {
  readonly value: readonly T[]
  readonly dependencies: readonly Dependency[]
}

/** What texts were found to do, remembered for as long as everything it was found by. */
export class Analyses {
  readonly #known: GenerationalCache<string, Known<Analysis>>

  constructor(bytesMax: number) {
    this.#known = new GenerationalCache(bytesMax)
  }

  /** @returns null when the analysis failed, which it does not for anything that it foresaw */
  of(
    text: string,
    session: SessionView,
    snapshot: CatalogSnapshot,
    { namesId }: JudgingContext,
  ): Known<Analysis> | null {
    const key = `${namesId} ${text}`
    const known = this.#known.get(key)
    if (known !== undefined && stillHold(known.dependencies, session)) return known
    const dependencies: Dependency[] = []
    const asking = (kind: Dependency['kind'], find: (name: string) => string | undefined) => (name: string) => {
      const found = find(name)
      dependencies.push({ kind, name, text: found })
      return found
    }
    const value = attempt(() =>
      analyse(text, {
        snapshot,
        searchPath: session.searchPath,
        role: session.role,
        temporaryRelations: session.temporaryRelations,
        ...(session.uncommitted === undefined ? {} : { uncommitted: session.uncommitted }),
        preparedStatement: asking('prepared statement', (name) => session.preparedStatement(name)),
        cursor: asking('cursor', (name) => session.cursor(name)),
      }),
    )
    if (value === null) return null
    const analysed = { value, dependencies }
    this.#known.set(key, analysed, weightOf(text, value))
    return analysed
  }
}

export function stillHold(dependencies: readonly Dependency[], session: SessionView): boolean {
  return dependencies.every(({ kind, name, text }) => {
    const now = kind === 'cursor' ? session.cursor(name) : session.preparedStatement(name)
    return now === text
  })
}

/** Bytes, about: the text is kept twice, and facts are larger than a short text. */
export function weightOf(text: string, list: readonly unknown[]): number {
  return 4 * text.length + 4_000 * (1 + list.length)
}

/** @returns null where it throws */
export function attempt<T>(work: () => T | null): T | null {
  try {
    return work()
  } catch {
    return null
  }
}
