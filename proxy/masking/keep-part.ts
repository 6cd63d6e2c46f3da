/**
 * Writes what may be seen of input[start, end) to out[at…], at most KEPT_BYTES_MAX, and returns how many bytes that
 * was, or NOTHING_KEPT: then the field becomes its constant.
 */
export type KeepPart = (input: Uint8Array, start: number, end: number, out: Uint8Array, at: number) => number

export const NOTHING_KEPT = -1
/** The longest of them is a timestamp with time zone. */
export const KEPT_BYTES_MAX = 32
