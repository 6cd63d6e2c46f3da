import { NOTHING_KEPT } from './keep-part.ts'

const AT = 0x40
const DOT = 0x2e
const STAR = 0x2a
/** Below this the first letter is too much of the name. */
const LOCAL_BYTES_MIN = 3
const TOP_LEVEL_BYTES_MAX = 4
/** No address is longer (RFC 5321, 4.5.3.1), and megabytes are not looked through for an @. */
const ADDRESS_BYTES_MAX = 320

/**
 * ana.lopez@example.org → a***@***.org: enough to tell two people apart, never a short name, never the host. What is
 * not plainly an address (two @, white space, a country's or company's own ending) keeps nothing of the doubtful part.
 */
export function maskEmail(input: Uint8Array, start: number, end: number, out: Uint8Array, at: number): number {
  const sign = onlySign(input, start, end)
  if (sign === -1) return NOTHING_KEPT
  let to = at
  const first = input[start] as number
  if (sign - start >= LOCAL_BYTES_MIN && isLetterOrDigit(first)) out[to++] = first
  to = stars(out, to)
  out[to++] = AT
  to = stars(out, to)
  for (let from = topLevel(input, sign, end); from < end; from++) out[to++] = input[from] as number
  return to - at
}

/** The position of the one @ of something that looks like an address, or -1. */
function onlySign(input: Uint8Array, start: number, end: number): number {
  if (end - start > ADDRESS_BYTES_MAX) return -1
  let sign = -1
  for (let at = start; at < end; at++) {
    const byte = input[at] as number
    if (byte <= 0x20) return -1
    if (byte !== AT) continue
    if (sign !== -1 || at === start) return -1
    sign = at
  }
  return sign
}

/** Where `.org` begins; the end when there is no such ending, or nothing before it. */
function topLevel(input: Uint8Array, sign: number, end: number): number {
  let dot = end - 1
  while (dot > sign && input[dot] !== DOT) {
    if (!isLetter(input[dot] as number)) return end
    dot--
  }
  const bytes = end - 1 - dot
  return dot > sign + 1 && bytes >= 2 && bytes <= TOP_LEVEL_BYTES_MAX ? dot : end
}

function stars(out: Uint8Array, at: number): number {
  out[at] = STAR
  out[at + 1] = STAR
  out[at + 2] = STAR
  return at + 3
}

function isLetter(byte: number): boolean {
  const lower = byte | 0x20
  return lower >= 0x61 && lower <= 0x7a
}

function isLetterOrDigit(byte: number): boolean {
  return isLetter(byte) || (byte >= 0x30 && byte <= 0x39)
}
