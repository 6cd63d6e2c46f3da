import { NOTHING_KEPT } from './keep-part.ts'

const STAR = 0x2a
/** Four of seven would be most of it. */
const DIGITS_MIN = 8
/** No number that people go by is longer with all its separators, and megabytes are not looked through. */
const NUMBER_BYTES_MAX = 128
const SEPARATORS: ReadonlySet<number> = new Set(Buffer.from(' -.()/+'))

/** 4111 1111 1111 1234 → ****1234, for cards, phones and account numbers; anything but digits keeps nothing. */
export function maskLastFour(input: Uint8Array, start: number, end: number, out: Uint8Array, at: number): number {
  if (digitsIn(input, start, end) < DIGITS_MIN) return NOTHING_KEPT
  out.fill(STAR, at, at + 4)
  let to = at + 8
  for (let from = end - 1; to > at + 4; from--) {
    const byte = input[from] as number
    if (isDigit(byte)) out[--to] = byte
  }
  return 8
}

/** 0 when it is too long, or there is anything else than digits and what people put between them. */
function digitsIn(input: Uint8Array, start: number, end: number): number {
  if (end - start > NUMBER_BYTES_MAX) return 0
  let digits = 0
  for (let at = start; at < end; at++) {
    const byte = input[at] as number
    if (isDigit(byte)) digits++
    else if (!SEPARATORS.has(byte)) return 0
  }
  return digits
}

function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39
}
