/** setTimeout's own limit; beyond it a timer would fire at once. */
const TIMER_MS_MAX = 0x7fff_ffff

export interface ExpiryOptions {
  /** RFC 3339. */
  readonly at: string
  /** Milliseconds since 1970. */
  readonly now: () => number
  readonly expired: () => void
  readonly signal: AbortSignal
}

/** Calls back when the time has come, unless the signal is aborted before. */
export function whenExpired(options: ExpiryOptions): void {
  const { at, now, expired, signal } = options
  const leftMs = Date.parse(at) - now()
  // Not a time at all counts as over.
  const waitMs = Number.isNaN(leftMs) ? 0 : Math.min(Math.max(leftMs, 0), TIMER_MS_MAX)
  const timer = setTimeout(() => {
    signal.removeEventListener('abort', stop)
    if (waitMs === TIMER_MS_MAX) whenExpired(options)
    else expired()
  }, waitMs)
  timer.unref()
  const stop = (): void => clearTimeout(timer)
  signal.addEventListener('abort', stop, { once: true })
}
