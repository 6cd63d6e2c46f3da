import type { MaskMethod } from '../../policies/decision.ts'
import { maskEmail } from './email.ts'
import { MaskError } from './errors.ts'
import type { KeepPart } from './keep-part.ts'
import { maskLastFour } from './last-four.ts'
import { isText, neutralValue, oid } from './neutral-value.ts'
import {
  maskBinaryDate,
  maskBinaryTimestamp,
  maskDateText,
  maskTextYear,
  maskTimestampText,
  maskTimestamptzText,
} from './year.ts'

/** How one output column is masked. Types and format come from the RowDescription of the very portal. */
export interface ColumnMask {
  readonly method: MaskMethod
  readonly typeOid: number
  readonly format: 0 | 1
  /** NULL is masked as any value. */
  readonly whole?: true
}

export interface FieldMask {
  readonly keep: KeepPart | null
  /** Stands for values of which nothing is kept; null: SQL NULL. */
  readonly constant: Uint8Array | null
  /** Stands for NULL, too. */
  readonly whole: boolean
}

export function fieldMask({ method, typeOid, format, whole = undefined }: ColumnMask): FieldMask {
  if (format !== 0 && format !== 1) throw new MaskError('format_unknown', `Column format ${String(format)} is unknown`)
  if (method === 'null') return { keep: null, constant: null, whole: false }
  const constant = neutralValue(typeOid, format)
  return { keep: keepPart(method, typeOid, format), constant, whole: whole === true && constant !== null }
}

function keepPart(method: MaskMethod, typeOid: number, format: 0 | 1): KeepPart | null {
  // Text types are the same bytes in both formats.
  if (isText(typeOid)) {
    const keep = textMethods[method] ?? null
    return keep !== null && typeOid === oid.bpchar ? withoutPadding(keep) : keep
  }
  if (method !== 'year') return null
  return (format === 0 ? textYears : binaryYears).get(typeOid) ?? null
}

/** character(n) comes padded with spaces to its length. */
function withoutPadding(keep: KeepPart): KeepPart {
  return (input, start, end, out, at) => {
    let last = end
    while (last > start && input[last - 1] === SPACE) last--
    return keep(input, start, last, out, at)
  }
}

const SPACE = 0x20

const textMethods: Partial<Record<MaskMethod, KeepPart>> = { email: maskEmail, last4: maskLastFour, year: maskTextYear }

const textYears: ReadonlyMap<number, KeepPart> = new Map([
  [oid.date, maskDateText],
  [oid.timestamp, maskTimestampText],
  [oid.timestamptz, maskTimestamptzText],
])

const binaryYears: ReadonlyMap<number, KeepPart> = new Map([
  [oid.date, maskBinaryDate],
  [oid.timestamp, maskBinaryTimestamp],
  [oid.timestamptz, maskBinaryTimestamp],
])
