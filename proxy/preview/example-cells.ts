import type { KeptCell } from '../../workflows/holds/examples.ts'
import { fieldMask } from '../masking/field-mask.ts'
import { KEPT_BYTES_MAX, NOTHING_KEPT } from '../masking/keep-part.ts'
import type { OutputMask } from '../output-masks.ts'

const CELL_CHARACTERS_MAX = 160

export const HIDDEN = '[hidden]'

/** One value as it is kept, sealed: never long. */
export function keptCell(value: string | null): KeptCell {
  if (value === null) return null
  const characters = [...value.slice(0, CELL_CHARACTERS_MAX * 2)].slice(0, CELL_CHARACTERS_MAX).join('')
  return characters.length < value.length ? { text: characters, cut: true } : { text: value }
}

/** As a client would get it that sees the column masked; what would be NULL there is said to be hidden. */
export function maskedCell(cell: KeptCell, typeOid: number, { method, whole }: OutputMask): string | null {
  if (cell === null) return whole === true ? HIDDEN : null
  const { keep, constant } = fieldMask({ method, typeOid, format: 0 })
  const hidden = constant === null ? HIDDEN : Buffer.from(constant).toString('utf8')
  if (keep === null || cell.cut === true) return hidden
  const bytes = Buffer.from(cell.text)
  const out = Buffer.alloc(KEPT_BYTES_MAX)
  const kept = keep(bytes, 0, bytes.length, out, 0)
  return kept === NOTHING_KEPT ? hidden : out.toString('utf8', 0, kept)
}

export function clearCell(cell: KeptCell): string | null {
  return cell === null ? null : `${cell.text}${cell.cut === true ? '…' : ''}`
}
