import { DAYS, type Weekly } from './data-schema.ts'

/**
 * Exceptions and schedules have a beginning and an end. A policy is shown an entry only while it is in force, so that no
 * rule reads a clock, the same input stays the same decision meanwhile, and the end is exact to the millisecond.
 */
export interface InForce {
  readonly data: Readonly<Record<string, unknown>>
  /** The clock's times between which this is what is in force: `since` ≤ now < `until`. */
  readonly since: number
  readonly until: number
}

interface Term {
  readonly from?: unknown
  readonly until?: unknown
  readonly weekly?: Weekly
}

const TIMED = ['exceptions', 'schedules'] as const
const DAY_MS = 86_400_000

export function inForce(data: Readonly<Record<string, unknown>>, now: number): InForce {
  let since = Number.NEGATIVE_INFINITY
  let until = Number.POSITIVE_INFINITY
  const shown: Record<string, unknown> = { ...data }
  for (const name of TIMED) {
    const entries = Object.entries((data[name] ?? {}) as Readonly<Record<string, Term>>)
    for (const boundary of entries.flatMap(([, term]) => boundariesOf(term, now))) {
      if (boundary <= now) since = Math.max(since, boundary)
      else until = Math.min(until, boundary)
    }
    if (name in data) shown[name] = Object.fromEntries(entries.filter(([, term]) => isInForce(term, now)))
  }
  return { data: shown, since, until }
}

/** What is no time ends an entry: an exception without an end that can be read is none. */
function isInForce({ from, until, weekly }: Term, now: number): boolean {
  const begun = from === undefined || Date.parse(String(from)) <= now
  const going = until === undefined || now < Date.parse(String(until))
  return (
    begun &&
    going &&
    (weekly === undefined || windowsAround(weekly, now).some(([start, end]) => start <= now && now < end))
  )
}

function boundariesOf({ from, until, weekly }: Term, now: number): readonly number[] {
  const times = [from, until].filter((time) => time !== undefined).map((time) => Date.parse(String(time)))
  return [...times, ...(weekly === undefined ? [] : windowsAround(weekly, now).flat())].filter(Number.isFinite)
}

/** Every window that begins from a week before to a week after. */
function windowsAround({ days, from, until }: Weekly, now: number): readonly (readonly [number, number])[] {
  const today = Math.floor(now / DAY_MS) * DAY_MS
  const windows: (readonly [number, number])[] = []
  for (let offset = -8; offset <= 8; offset++) {
    const day = today + offset * DAY_MS
    if (!days.includes(DAYS[new Date(day).getUTCDay()] as (typeof DAYS)[number])) continue
    const end = minutesOf(until) > minutesOf(from) ? minutesOf(until) : minutesOf(until) + 24 * 60
    windows.push([day + minutesOf(from) * 60_000, day + end * 60_000])
  }
  return windows
}

function minutesOf(clock: string): number {
  return Number(clock.slice(0, 2)) * 60 + Number(clock.slice(3))
}
