import type { Unresolved } from '../../policies/unresolved.ts'
import type { Missing } from './native-error.ts'

/** What had to be known of a statement and could not be established; and which of it the server does not have either. */
export class Gaps {
  readonly #unresolved = new Map<string, Unresolved>()
  readonly #missing = new Map<string, Missing>()
  #callsMissing = false

  add(code: Unresolved['code'], detail: string): void {
    this.#unresolved.set(`${code} ${detail}`, { code, detail })
  }

  /** Unresolved because the server does not have it either. */
  addMissing(code: Unresolved['code'], detail: string, missing: Missing): void {
    this.add(code, detail)
    const key = `${code} ${detail}`
    if (!this.#missing.has(key)) this.#missing.set(key, missing)
    // What a function that is not there would do is not known; had it been found, this would say nothing.
    if (code === 'function' || code === 'prepared_statement' || code === 'cursor') this.#callsMissing = true
  }

  get callsMissing(): boolean {
    return this.#callsMissing
  }

  get isEmpty(): boolean {
    return this.#unresolved.size === 0
  }

  all(): readonly Unresolved[] {
    return [...this.#unresolved.values()]
  }

  /** The first that the server would have stumbled over; null unless such are all that is unresolved. */
  get firstMissing(): Missing | null {
    for (const key of this.#unresolved.keys()) if (!this.#missing.has(key)) return null
    return firstOf([...this.#missing.values()])
  }

  /** Of what a view, function or trigger led to: the client did not write it, so that the server's words are not its. */
  absorb(other: Gaps): void {
    for (const [key, unresolved] of other.#unresolved) this.#unresolved.set(key, unresolved)
  }

  /** Of what stands in the statement's own text. */
  absorbOwn(other: Gaps): void {
    this.absorb(other)
    for (const [key, missing] of other.#missing) this.#missing.set(key, missing)
    this.#callsMissing ||= other.#callsMissing
  }
}

/** The server looks into FROM first, as the walk does; then from left to right, but for the odd clause. */
function firstOf([first, ...rest]: readonly Missing[]): Missing | null {
  if (first === undefined || first.sqlstate === '42P01' || first.location === undefined) return first ?? null
  return rest.reduce((least, each) => ((each.location ?? Infinity) < (least.location ?? 0) ? each : least), first)
}
