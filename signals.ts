/**
 * How a long-running command ends: SIGINT, SIGTERM or a lost terminal closes what it runs, in order; a second Ctrl-C
 * ends it at once. npm repeats a Ctrl-C that the terminal has already delivered, so one that follows within a second
 * is the same one.
 */
export interface Running {
  close(): Promise<void>
}

const SAME_SIGNAL_MS = 1_000
const PARENT_CHECK_MS = 500

export interface EndOptions {
  readonly say: (line: string) => void
  /** End when the parent is gone too: npm that was killed says nothing to what it started. */
  readonly withParent: boolean
  /** Aborted at the first signal, for an opening that can be broken off. */
  readonly breakOff?: AbortController
}

/** Resolves when a signal came and everything is closed; what is still starting is closed once it is up. */
export function endOnSignal(opening: Promise<Running>, { say, withParent, breakOff }: EndOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    let first = 0
    const end = (): void => {
      if (first > 0 && Date.now() - first > SAME_SIGNAL_MS) process.exit(130)
      if (first > 0) return
      first = Date.now()
      say('\nholdpoint: ending …\n')
      breakOff?.abort()
      opening.then((running) => running.close()).then(resolve, reject)
    }
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, end)
    const parent = process.ppid
    if (withParent) setInterval(() => process.ppid === parent || end(), PARENT_CHECK_MS).unref()
  })
}
