import type { MaskMethod } from '../../policies/decision.ts'
import { fieldMask } from '../masking/field-mask.ts'
import { KEPT_BYTES_MAX, NOTHING_KEPT } from '../masking/keep-part.ts'

const CELL_CHARACTERS_MAX = 160

/** One value as it is kept with a hold: masked where its column has a label, and never long. */
export function cell(value: string | null, mask: { readonly method: MaskMethod; readonly typeOid: number } | null) {
  if (value === null) return null
  return mask === null ? shortened(value) : masked(value, mask)
}

function shortened(value: string): string {
  const characters = [...value.slice(0, CELL_CHARACTERS_MAX * 2)]
  return characters.length > CELL_CHARACTERS_MAX || value.length > CELL_CHARACTERS_MAX * 2
    ? `${characters.slice(0, CELL_CHARACTERS_MAX).join('')}…`
    : value
}

/** As a client would get it that sees the column masked; what would be NULL there is said to be hidden. */
function masked(value: string, { method, typeOid }: { readonly method: MaskMethod; readonly typeOid: number }): string {
  const { keep, constant } = fieldMask({ method, typeOid, format: 0 })
  const hidden = constant === null ? HIDDEN : Buffer.from(constant).toString('utf8')
  if (keep === null) return hidden
  const bytes = Buffer.from(value)
  const out = Buffer.alloc(KEPT_BYTES_MAX)
  if (bytes.length > LONGEST_LOOKED_AT) return hidden
  const kept = keep(bytes, 0, bytes.length, out, 0)
  return kept === NOTHING_KEPT ? hidden : out.toString('utf8', 0, kept)
}

export const HIDDEN = '[hidden]'
const LONGEST_LOOKED_AT = 4_096
