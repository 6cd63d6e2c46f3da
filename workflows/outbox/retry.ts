/** When what did not reach people is tried again, whatever it was: a hold's change or a release's. */

/** An attempt is cut off after this long… */
export const CALL_MS_MAX = 30_000
/** …well before somebody else may make the next. */
export const LEASE_MS = 60_000
const RETRY_MS_MIN = 1_000
const RETRY_MS_MAX = 60_000
/** However long somebody asks us to wait. */
const RETRY_AFTER_MS_MAX = 60 * 60_000
/** What nobody could be told for two days helps no one. */
const GIVE_UP_MS = 48 * 60 * 60_000

/** @param failures so many in a row by now, this one included */
export function retryInMs(failures: number, err: unknown): number {
  const usualMs = Math.min(RETRY_MS_MAX, RETRY_MS_MIN * 2 ** Math.min(failures - 1, 30))
  return Math.min(RETRY_AFTER_MS_MAX, Math.max(usualMs, retryAfterMs(err)))
}

/** Whatever says by its own account that trying again is of no use. */
export function isFinal(err: unknown): boolean {
  return err instanceof Error && 'retryable' in err && err.retryable === false
}

export function isTooOld(createdAt: Date, now: number): boolean {
  return now - createdAt.getTime() > GIVE_UP_MS
}

function retryAfterMs(err: unknown): number {
  return err instanceof Error && 'retryAfterMs' in err && typeof err.retryAfterMs === 'number' ? err.retryAfterMs : 0
}
