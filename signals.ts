import { setTimeout as delay } from 'node:timers/promises'

/**
 * How a long-running command ends: SIGINT, SIGTERM or a lost terminal closes what it runs, in order and in a bounded time; a
 * second Ctrl-C ends it at once. npm repeats a Ctrl-C that the terminal has already delivered, so one that follows within a second
 * is the same one.
 */
export interface Running {
  close(): Promise<void>
}

const SAME_SIGNAL_MS = 1_000
const PARENT_CHECK_MS = 500
/** What was closed and still keeps the process alive is not waited for any longer. */
const LINGER_MS = 500

export interface EndOptions {
  readonly say: (line: string) => void
  /** End when the parent is gone too: npm that was killed says nothing to what it started. */
  readonly withParent: boolean
  /** What is not closed by then is cut off. */
  readonly withinMs: number
  /** Aborted at the first signal, for an opening that can be broken off. */
  readonly breakOff?: AbortController
}

/** Resolves when a signal came and everything is closed; what is still starting is closed once it is up. */
export function endOnSignal(
  opening: Promise<Running>,
  { say, withParent, withinMs, breakOff }: EndOptions,
): Promise<void> {
  return new Promise((resolve, reject) => {
    let first = 0
    const end = (): void => {
      if (first > 0 && Date.now() - first > SAME_SIGNAL_MS) process.exit(130)
      if (first > 0) return
      first = Date.now()
      say('\nholdpoint: ending …\n')
      breakOff?.abort()
      const closed = opening.then((running) => closedWithin(withinMs, running.close()))
      closed.then((inTime) => {
        if (!inTime) say('holdpoint: not everything ended in time, and is cut off\n')
        setTimeout(() => process.exit(inTime ? process.exitCode : 1), LINGER_MS).unref()
        resolve()
      }, reject)
    }
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, end)
    const parent = process.ppid
    if (withParent) setInterval(() => process.ppid === parent || end(), PARENT_CHECK_MS).unref()
  })
}

/** @returns false: it is still closing, and nobody waits for it any more */
export async function closedWithin(milliseconds: number, closing: Promise<unknown>): Promise<boolean> {
  const late = new AbortController()
  const timeout = delay(milliseconds, false, { signal: late.signal }).catch(() => false)
  try {
    return await Promise.race([closing.then(() => true), timeout])
  } finally {
    late.abort()
  }
}
