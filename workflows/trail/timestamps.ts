/** RFC 3339 in milliseconds; thousands of records share one, so it is made once for each. */
export class Timestamps {
  readonly #now: () => number
  #ms = Number.NaN
  #text = ''

  constructor(now: () => number) {
    this.#now = now
  }

  next(): string {
    const ms = this.#now()
    if (ms !== this.#ms) {
      this.#text = new Date(ms).toISOString()
      this.#ms = ms
    }
    return this.#text
  }
}
