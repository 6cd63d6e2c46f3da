/**
 * How fast we post: Slack takes about one message a second in each channel, and a few more at once now and then.
 * docs.slack.dev/apis/web-api/rate-limits. Waiting here costs a moment; being told to wait costs everyone that moment.
 */
const PER_SECOND = 1
const AT_ONCE = 3

export interface Pace {
  /** Resolves when the next message may go to this channel. */
  turn(channel: string): Promise<void>
}

/** @param now milliseconds on a clock that goes by itself */
export function createPace(
  now: () => number = performance.now.bind(performance),
  sleep: (ms: number) => Promise<unknown> = (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
): Pace {
  /** When each channel's budget is full again; one that is full is forgotten. */
  const fullAt = new Map<string, number>()
  return {
    async turn(channel) {
      const at = now()
      for (const [known, full] of fullAt) if (full <= at) fullAt.delete(known)
      const full = Math.max(fullAt.get(channel) ?? at, at) + 1_000 / PER_SECOND
      fullAt.set(channel, full)
      const waitMs = full - at - (AT_ONCE * 1_000) / PER_SECOND
      if (waitMs > 0) await sleep(waitMs)
    },
  }
}
