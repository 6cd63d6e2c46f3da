import { GenerationalCache } from '../generational-cache.ts'
import type { CatalogSnapshot } from './catalog/snapshot.ts'
import type { Remembered, SessionView } from './gate.ts'
import type { JudgingContext } from './judging-context.ts'
import { type Analysis, analyseIfSmall } from './sql/analyse.ts'
import type { NameContext } from './sql/context.ts'
import { LargeTexts } from './sql/large-texts.ts'
import { leadsAlike } from './sql/remembered.ts'

/** A prepared statement or cursor that an analysis asked the session for, and what it was then. */
export interface Dependency {
  readonly kind: 'prepared statement' | 'cursor'
  readonly name: string
  readonly found: Remembered | undefined
}

/** What is remembered of a text holds while what it asked the session for is the same. */
export interface Known<T> {
  readonly value: readonly T[]
  readonly dependencies: readonly Dependency[]
}

/** What a text is analysed in, and whether that is worth remembering. */
export interface Analysing {
  readonly session: SessionView
  readonly snapshot: CatalogSnapshot
  readonly context: JudgingContext
  readonly keeps: boolean
}

/** What texts were found to do, remembered for as long as everything it was found by. */
export class Analyses {
  readonly #known: GenerationalCache<string, Known<Analysis>>
  readonly #largeTexts = new LargeTexts()

  constructor(bytesMax: number) {
    this.#known = new GenerationalCache(bytesMax)
  }

  /**
   * @returns null when it takes so long that it is to be done elsewhere
   * @throws when the analysis failed, which it does not for anything that it foresaw
   */
  of(text: string, analysing: Analysing): Known<Analysis> | null {
    const { session, snapshot } = analysing
    const known = this.#remembered(text, analysing)
    if (known !== null) return known
    const { names, dependencies } = asked(session, snapshot)
    const value = analyseIfSmall(text, names)
    return value === null ? null : this.#remember(text, { value, dependencies }, analysing)
  }

  /** The same in a thread of its own. @throws LargeTextError, and when the analysis failed */
  async elsewhere(text: string, analysing: Analysing): Promise<Known<Analysis>> {
    const { session, snapshot } = analysing
    const { names, dependencies } = asked(session, snapshot)
    const { issuer, subject } = session.identity
    const value = await this.#largeTexts.analyse(text, names, JSON.stringify([issuer, subject]))
    return this.#remember(text, { value, dependencies }, analysing)
  }

  #remembered(text: string, { session, context: { namesId } }: Analysing): Known<Analysis> | null {
    const known = isMemorable(text) ? this.#known.get(`${namesId} ${text}`) : undefined
    return known !== undefined && stillHold(known.dependencies, session) ? known : null
  }

  #remember(text: string, analysed: Known<Analysis>, { context: { namesId }, keeps }: Analysing): Known<Analysis> {
    if (keeps && isMemorable(text)) this.#known.set(`${namesId} ${text}`, analysed, weightOf(text, analysed.value))
    return analysed
  }
}

/** To look for a text of megabytes costs more than it is worth, and there is no room for it. */
const MEMORABLE_CHARACTERS_MAX = 512 * 1024

export function isMemorable(text: string): boolean {
  return text.length <= MEMORABLE_CHARACTERS_MAX
}

/** The session's names, and what was asked for among them. */
function asked(
  session: SessionView,
  snapshot: CatalogSnapshot,
): { readonly names: NameContext; readonly dependencies: readonly Dependency[] } {
  const dependencies: Dependency[] = []
  const asking = (kind: Dependency['kind'], find: (name: string) => Remembered | undefined) => (name: string) => {
    const found = find(name)
    dependencies.push({ kind, name, found })
    return found
  }
  const names = {
    snapshot,
    searchPath: session.searchPath,
    role: session.role,
    temporaryRelations: session.temporaryRelations,
    ...(session.temporaries === undefined ? {} : { temporaries: session.temporaries }),
    ...(session.uncommitted === undefined ? {} : { uncommitted: session.uncommitted }),
    preparedStatement: asking('prepared statement', (name) => session.preparedStatement(name)),
    cursor: asking('cursor', (name) => session.cursor(name)),
  }
  return { names, dependencies }
}

export function stillHold(dependencies: readonly Dependency[], session: SessionView): boolean {
  return dependencies.every(({ kind, name, found }) => {
    const now = kind === 'cursor' ? session.cursor(name) : session.preparedStatement(name)
    return now?.text === found?.text && leadsAlike(now?.ledTo ?? [], found?.ledTo ?? [])
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
