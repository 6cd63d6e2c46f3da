/** The body does something that is not followed. Caught where looking into it began. */
export class Opaque extends Error {
  /** What that is, in a few words, without any value of the body. */
  readonly what: string

  constructor(what = 'something that is not followed') {
    super(what)
    this.what = what
  }
}

/** Runs the work of one statement of a body, and says in which line it stands what could not be followed. */
export function inLine<T>(line: unknown, work: () => T): T {
  try {
    return work()
  } catch (error) {
    if (!(error instanceof Opaque) || /^line \d/.test(error.what) || typeof line !== 'number') throw error
    throw new Opaque(`line ${line}: ${error.what}`)
  }
}
