import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { lock } from 'proper-lockfile'
import { PolicyError } from './errors.ts'

/**
 * Of all processes on this machine one makes a file, the others wait for it and find it made. Whatever is made is written
 * whole and renamed, so two at once would only be work done twice.
 */
export interface Making {
  readonly file: string
  readonly waitMsMax: number
  /** What it is, in a sentence: the policies. */
  readonly what: string
  readonly progress: (line: string) => void
}

/** A process that died gives its lock up by not touching it for so long. */
const STALE_MS = 30_000
const AGAIN_MS = 250

/** @throws PolicyError opa_unavailable when it cannot have its turn; what `work` throws */
export async function oneAtATime<T>(making: Making, work: () => Promise<T>): Promise<T> {
  const release = await locked(making)
  try {
    return await work()
  } finally {
    // That it is gone already, with its folder, changes nothing for what was made.
    await release().catch(() => undefined)
  }
}

async function locked({ file, waitMsMax, what, progress }: Making): Promise<() => Promise<void>> {
  const until = Date.now() + waitMsMax
  for (let tries = 0; ; tries++) {
    try {
      // Anew each time: whoever empties a cache must not keep those waiting that are about to fill it.
      mkdirSync(dirname(file), { recursive: true })
      // By default a lock that was removed meanwhile would end the process.
      return await lock(file, { realpath: false, stale: STALE_MS, onCompromised: () => undefined })
    } catch (cause) {
      const code = cause instanceof Error && 'code' in cause ? cause.code : null
      if (code !== 'ELOCKED' && code !== 'ENOENT')
        throw cannot(what, `Check that ${dirname(file)} can be written to`, cause)
      if (Date.now() >= until) throw cannot(what, `If no other process works on it, remove ${file}.lock`, cause)
    }
    if (tries === 0) progress(`waiting for another process, which makes ${what}`)
    await sleep(AGAIN_MS)
  }
}

/** Of the policies themselves it says nothing. */
function cannot(what: string, hint: string, cause: unknown): PolicyError {
  return new PolicyError('opa_unavailable', `Making ${what} could not begin.`, { cause, hint })
}
