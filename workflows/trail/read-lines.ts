import { isUtf8 } from 'node:buffer'
import { closeSync, openSync, readSync } from 'node:fs'

const CHUNK_BYTES = 1 << 18

export interface Lines {
  readonly lines: readonly string[]
  /** Where the next read begins: just behind the last complete line. */
  readonly offset: number
  /** Bytes behind the last newline; only the end of a file has them. */
  readonly rest: Buffer
}

/** The same, as the bytes that they are. */
export interface Bytes extends Omit<Lines, 'lines'> {
  /** Complete lines, without the newline behind the last; null: there is none. */
  readonly whole: Buffer | null
}

/**
 * A file's complete lines from an offset, a few hundred kilobytes at a time, so that a file of any size is read in
 * bounded memory; a line that is longer than a chunk is joined once. Synchronous: files of our own, from the page
 * cache; whoever reads much gives the event loop its turn between two chunks.
 */
export function* readLines(path: string, from = 0): Generator<Lines, void, void> {
  for (const { whole, offset, rest } of readBytes(path, from))
    yield { lines: whole === null ? [] : decode(whole), offset, rest }
}

/** @param given takes the first chunk, for who reads often and is done with it before the next time */
export function* readBytes(path: string, from = 0, given: Buffer | null = null): Generator<Bytes, void, void> {
  const file = openSync(path, 'r')
  try {
    let parts: Buffer[] = []
    let offset = from
    let position = from
    for (let own = given; ; own = null) {
      const chunk = own ?? Buffer.allocUnsafe(CHUNK_BYTES)
      const count = readSync(file, chunk, 0, chunk.length, position)
      position += count
      const end = count === 0 ? -1 : chunk.lastIndexOf(0x0a, count - 1)
      if (count === 0) {
        if (parts.length > 0) yield { whole: null, offset, rest: Buffer.concat(parts) }
        return
      }
      if (end === -1) {
        parts.push(chunk.subarray(0, count))
        continue
      }
      const whole = parts.length === 0 ? chunk.subarray(0, end) : Buffer.concat([...parts, chunk.subarray(0, end)])
      parts = end + 1 < count ? [chunk.subarray(end + 1, count)] : []
      offset += whole.length + 1
      yield { whole, offset, rest: Buffer.alloc(0) }
    }
  } finally {
    closeSync(file)
  }
}

/**
 * Lenient decoding would turn damaged bytes into U+FFFD, and so hide that a real U+FFFD was overwritten: what is not
 * UTF-8 becomes text that no journal ever holds.
 */
function decode(whole: Buffer): string[] {
  if (isUtf8(whole)) return whole.toString('utf8').split('\n')
  const lines = whole.toString('latin1').split('\n')
  return lines.map((line) => {
    const bytes = Buffer.from(line, 'latin1')
    return isUtf8(bytes) ? bytes.toString('utf8') : `not UTF-8: ${line}`
  })
}
