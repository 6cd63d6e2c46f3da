import { createHash } from 'node:crypto'
import { HoldpointError } from '../../errors.ts'
import { GenerationalCache } from '../../generational-cache.ts'
import { AuthenticationError } from './errors.ts'

/**
 * Credentials that proved nothing, counted by the address they came from. Who guesses sends another one each time, so
 * counting by credential would count nothing. Each process counts for itself.
 *
 * From an address with too many within a minute nothing new is looked at until the minute is over. What has proven
 * somebody here before is looked at all the same: who shares an address with somebody who guesses, behind a load
 * balancer or a NAT, goes on working.
 */
export interface Failures {
  /** @throws AuthenticationError too_many_failures, or what `check` throws */
  watch<T>(from: string, credential: string, check: () => Promise<T>): Promise<T>
}

export interface FailuresOptions {
  readonly perMinute: number
  readonly now: () => number
}

export const FAILURES_PER_MINUTE = 100
const MINUTE_MS = 60_000
/** The one that is there longest makes room: with as many addresses, guessing needs no minute. */
const ADDRESSES_MAX = 10_000
const PROVEN_MAX = 10_000

interface Count {
  readonly until: number
  /** Those under way included: a volley of guesses is not faster than one after the other. */
  failures: number
}

export function watchFailures({ perMinute, now }: FailuresOptions): Failures {
  const counts = new Map<string, Count>()
  const proven = new GenerationalCache<string, true>(PROVEN_MAX)

  function countOf(network: string): Count {
    const known = counts.get(network)
    if (known !== undefined && known.until > now()) return known
    counts.delete(network)
    if (counts.size >= ADDRESSES_MAX) for (const oldest of counts.keys()) if (counts.delete(oldest)) break
    const fresh = { until: now() + MINUTE_MS, failures: 0 }
    counts.set(network, fresh)
    return fresh
  }

  return {
    async watch(from, credential, check) {
      const digest = createHash('sha256').update(credential).digest('base64url')
      const count = countOf(networkOf(from))
      if (count.failures >= perMinute && proven.get(digest) === undefined) throw tooMany(count.until - now())
      count.failures++
      try {
        const result = await check()
        proven.set(digest, true, 1)
        count.failures--
        return result
      } catch (error) {
        if (!isGuess(error)) count.failures--
        throw error
      }
    },
  }
}

/** That we could not look is nobody's failure. */
function isGuess(error: unknown): boolean {
  return error instanceof HoldpointError && error.code !== 'unavailable'
}

function tooMany(retryAfterMs: number): AuthenticationError {
  const seconds = Math.max(1, Math.ceil(retryAfterMs / 1_000))
  return new AuthenticationError('too_many_failures', 'Too many credentials from this address proved nothing.', {
    hint: `Try again in ${seconds} s`,
    retryAfterMs,
  })
}

/** An IPv4 address; of IPv6 the /64, which is what one customer has. */
export function networkOf(address: string): string {
  const plain = address.replace(/^::ffff:(?=\d+\.)/i, '')
  if (!plain.includes(':')) return plain
  const [before = [], after = []] = plain
    .toLowerCase()
    .split('::')
    .map((half) => half.split(':').filter((group) => group !== ''))
  const zeros = Array<string>(Math.max(0, 8 - before.length - after.length)).fill('0')
  return [...before, ...zeros, ...after].slice(0, 4).join(':')
}
