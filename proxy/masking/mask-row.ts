import { MaskError } from './errors.ts'
import { type ColumnMask, type FieldMask, fieldMask } from './field-mask.ts'
import { KEPT_BYTES_MAX, NOTHING_KEPT } from './keep-part.ts'

/**
 * Masks a run of complete DataRow messages (one or thousands) into one new buffer.
 * https://www.postgresql.org/docs/current/protocol-message-formats.html#PROTOCOL-MESSAGE-FORMATS-DATAROW
 *
 *   'D' │ length: int32 │ fields: int16 │ { length: int32, -1 for NULL │ bytes } …
 *
 * Bytes that nobody masks are copied in spans, which reach over the borders of rows; a row's length is corrected in the
 * copy. Every length is checked before it is believed, also of fields and rows that stay as they are.
 *
 * @throws MaskError row_malformed: nothing of the run may be forwarded
 */
export type RowMasker = (run: Buffer) => Buffer

const DATA_ROW = 0x44
const HEADER_BYTES = 7
const LENGTH_BYTES = 4

/** @param columns one for each column of the RowDescription; null: in the clear */
export function createRowMasker(columns: readonly (ColumnMask | null)[]): RowMasker {
  const masks = columns.map((column) => (column === null ? null : fieldMask(column)))
  const masked = masks.filter((mask) => mask !== null)
  const grownBytesMax = masked.reduce((sum, mask) => sum + LENGTH_BYTES + longest(mask), 0)
  return (run) => new MaskedRun(run, masks, grownBytesMax).finish()
}

function longest({ keep, constant }: FieldMask): number {
  return Math.max(keep === null ? 0 : KEPT_BYTES_MAX, constant?.length ?? 0)
}

class MaskedRun {
  readonly #run: Buffer
  readonly #masks: readonly (FieldMask | null)[]
  /** How many bytes the masks of one row can add to it at most. */
  readonly #grownBytesMax: number
  #out: Buffer
  #written = 0
  /** Up to here the run has been copied or masked. */
  #taken = 0

  constructor(run: Buffer, masks: readonly (FieldMask | null)[], grownBytesMax: number) {
    this.#run = run
    this.#masks = masks
    this.#grownBytesMax = grownBytesMax
    this.#out = Buffer.allocUnsafe(run.length + grownBytesMax)
  }

  finish(): Buffer {
    for (let at = 0; at < this.#run.length; ) at = this.#row(at)
    this.#copyTo(this.#run.length)
    return this.#out.subarray(0, this.#written)
  }

  #row(at: number): number {
    const end = this.#rowEnd(at)
    this.#makeRoom(end)
    const headerAt = this.#written + at - this.#taken
    const removed = this.#written - this.#taken
    if (this.#fields(at + HEADER_BYTES, end)) {
      const grown = this.#written - this.#taken - removed
      this.#correctLength(headerAt, end - at - 1 + grown)
    }
    return end
  }

  #rowEnd(at: number): number {
    const run = this.#run
    if (at + HEADER_BYTES > run.length || run[at] !== DATA_ROW) throw malformed('is not a DataRow')
    const end = at + 1 + int32(run, at + 1)
    if (end < at + HEADER_BYTES || end > run.length) throw malformed('has another length than it says')
    const fields = ((run[at + 5] as number) << 8) | (run[at + 6] as number)
    if (fields !== this.#masks.length) throw malformed('has another number of columns than its description')
    return end
  }

  /** Whether any field was masked. */
  #fields(first: number, end: number): boolean {
    const run = this.#run
    let at = first
    let any = false
    for (const mask of this.#masks) {
      if (at + LENGTH_BYTES > end) throw malformed('ends before its fields')
      const bytes = int32(run, at)
      at += LENGTH_BYTES
      if (bytes === -1) {
        if (mask?.whole !== true) continue
        this.#mask(mask, at, at)
        any = true
        continue
      }
      if (bytes < 0 || at + bytes > end) throw malformed('has a field that is longer than the row')
      if (mask !== null) {
        this.#mask(mask, at, at + bytes)
        any = true
      }
      at += bytes
    }
    if (at !== end) throw malformed('goes on behind its last field')
    return any
  }

  #mask({ keep, constant }: FieldMask, start: number, end: number): void {
    this.#copyTo(start - LENGTH_BYTES)
    this.#taken = end
    const out = this.#out
    const at = this.#written + LENGTH_BYTES
    let bytes = keep === null ? NOTHING_KEPT : keep(this.#run, start, end, out, at)
    if (bytes === NOTHING_KEPT && constant !== null) {
      bytes = constant.length
      for (let index = 0; index < bytes; index++) out[at + index] = constant[index] as number
    }
    // NOTHING_KEPT without a constant is -1, which is NULL on the wire.
    writeInt32(out, this.#written, bytes)
    this.#written = at + Math.max(bytes, 0)
  }

  #copyTo(end: number): void {
    const { length } = this.#run
    if (end > length) throw malformed('ends early')
    if (end > this.#taken) this.#written += this.#run.copy(this.#out, this.#written, this.#taken, end)
    this.#taken = end
  }

  #correctLength(headerAt: number, length: number): void {
    writeInt32(this.#out, headerAt + 1, length)
  }

  /** For everything up to the row's end, masked as long as can be; and for the rest of the run as it came. */
  #makeRoom(rowEnd: number): void {
    const needed = this.#written + (rowEnd - this.#taken) + this.#grownBytesMax
    if (needed <= this.#out.length) return
    const larger = Buffer.allocUnsafe(Math.max(needed, this.#out.length + (this.#out.length >> 1)))
    this.#out.copy(larger, 0, 0, this.#written)
    this.#out = larger
  }
}

function int32(bytes: Uint8Array, at: number): number {
  return (
    ((bytes[at] as number) << 24) |
    ((bytes[at + 1] as number) << 16) |
    ((bytes[at + 2] as number) << 8) |
    (bytes[at + 3] as number)
  )
}

function writeInt32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 24
  bytes[at + 1] = value >>> 16
  bytes[at + 2] = value >>> 8
  bytes[at + 3] = value
}

function malformed(why: string): MaskError {
  return new MaskError('row_malformed', `The server sent a row that ${why}`)
}
