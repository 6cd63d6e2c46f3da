import { type KeepPart, NOTHING_KEPT } from './keep-part.ts'

/**
 * A date becomes the first of January of its year, a text its year. Only ISO's order (DateStyle ISO, the default) and
 * years of four digits are understood; other styles, BC and infinity keep nothing.
 */
const HYPHEN = 0x2d
const ISO_DATE = /^\d{4}-\d{2}-\d{2}(?:[ T][\d:.+-]+Z?)?$/
const ISO_BYTES_MAX = 40

export const maskTextYear: KeepPart = yearThen('')
export const maskDateText: KeepPart = yearThen('-01-01')
export const maskTimestampText: KeepPart = yearThen('-01-01 00:00:00')
export const maskTimestamptzText: KeepPart = yearThen('-01-01 00:00:00+00')

function yearThen(rest: string): KeepPart {
  const tail = Buffer.from(rest)
  return (input, start, end, out, at) => {
    if (!isIsoDate(input, start, end)) return NOTHING_KEPT
    for (let digit = 0; digit < 4; digit++) out[at + digit] = input[start + digit] as number
    for (let index = 0; index < tail.length; index++) out[at + 4 + index] = tail[index] as number
    return 4 + tail.length
  }
}

function isIsoDate(input: Uint8Array, start: number, end: number): boolean {
  if (end - start > ISO_BYTES_MAX || input[start + 4] !== HYPHEN) return false
  let text = ''
  for (let at = start; at < end; at++) text += String.fromCharCode(input[at] as number)
  return ISO_DATE.test(text)
}

const DAY_MS = 86_400_000
const EPOCH_DAYS = Date.UTC(2000, 0, 1) / DAY_MS
const INFINITE_DAYS: ReadonlySet<number> = new Set([-(2 ** 31), 2 ** 31 - 1])
const YEAR_MAX = 9_999

/** Days since 2000-01-01, four bytes. */
export const maskBinaryDate: KeepPart = (input, start, end, out, at) => {
  if (end - start !== 4) return NOTHING_KEPT
  const days = new DataView(input.buffer, input.byteOffset + start, 4).getInt32(0)
  const first = INFINITE_DAYS.has(days) ? null : firstOfYear(days)
  if (first === null) return NOTHING_KEPT
  new DataView(out.buffer, out.byteOffset + at, 4).setInt32(0, first)
  return 4
}

const DAY_US = 86_400_000_000n

/** Microseconds since 2000-01-01, eight bytes. */
export const maskBinaryTimestamp: KeepPart = (input, start, end, out, at) => {
  if (end - start !== 8) return NOTHING_KEPT
  const microseconds = new DataView(input.buffer, input.byteOffset + start, 8).getBigInt64(0)
  const before = microseconds < 0n && microseconds % DAY_US !== 0n ? 1n : 0n
  const first = firstOfYear(Number(microseconds / DAY_US - before))
  if (first === null) return NOTHING_KEPT
  new DataView(out.buffer, out.byteOffset + at, 8).setBigInt64(0, BigInt(first) * DAY_US)
  return 8
}

/** null outside of the years 1 to 9999, and so for infinity. */
function firstOfYear(days: number): number | null {
  const year = new Date((days + EPOCH_DAYS) * DAY_MS).getUTCFullYear()
  if (!(year >= 1 && year <= YEAR_MAX)) return null
  const first = new Date(0)
  first.setUTCFullYear(year, 0, 1)
  return first.getTime() / DAY_MS - EPOCH_DAYS
}
