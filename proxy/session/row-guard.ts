import type { MaskMethod } from '../../policies/decision.ts'
import type { Judgement } from '../gate.ts'
import type { OutputMask } from '../output-masks.ts'
import type { RowField } from '../wire/messages/row-description.ts'
import { SessionError } from './errors.ts'

export type MaskedColumn = {
  readonly method: MaskMethod
  readonly typeOid: number
  readonly format: 0 | 1
  /** NULL is masked as any value. */
  readonly whole?: true
}
/** Built by the masking room; a run of whole DataRow messages in, the same with its columns masked out. */
export type RowMasker = (run: Buffer) => Buffer
export type CreateRowMasker = (columns: readonly (MaskedColumn | null)[]) => RowMasker
/** The labels of a relation's column, by the OID and number RowDescription gives; empty for a clean one. */
export type ColumnLabels = (relationOid: number, attribute: number) => readonly string[]

/** Says that the rows of this very description are what was judged; masks them where they have to be. */
export interface RowGuard {
  readonly mask: RowMasker | null
}

const CLEAR: RowGuard = { mask: null }

export interface GuardOptions {
  readonly createRowMasker: CreateRowMasker
  readonly columnLabels: ColumnLabels
}

/**
 * Compares what the server will send with what the judgement says it is.
 *
 * @throws SessionError mask_not_proven when they differ: no row may pass then
 */
export function guardRows(judgement: Judgement, fields: readonly RowField[], options: GuardOptions): RowGuard {
  const { outputs, outputMasks, decision } = judgement
  // Rows from what was judged to give none.
  if (outputs === null && outputMasks === null && decision.masks.length > 0 && fields.length > 0) throw notProven()
  const masks = outputMasks ?? fields.map(() => null)
  if (masks.length !== fields.length || (outputs !== null && outputs.length !== fields.length)) throw notProven()
  const maskedLabels = new Set(decision.masks.map(({ label }) => label))
  const maskedSources = sourcesMasked(judgement)
  fields.forEach(({ relationOid, attribute }, index) => {
    if (masks[index] !== null || relationOid === 0) return
    const labelled = options.columnLabels(relationOid, attribute).some((label) => maskedLabels.has(label))
    if (labelled || maskedSources.has(`${relationOid}.${attribute}`)) throw notProven()
  })
  if (!masks.some((mask) => mask !== null)) return CLEAR
  return { mask: options.createRowMasker(fields.map((field, index) => column(masks[index] ?? null, field))) }
}

function column(mask: OutputMask | null, { typeOid, format }: RowField): MaskedColumn | null {
  if (mask === null) return null
  return { method: mask.method, typeOid, format, ...(mask.whole === true ? { whole: true } : {}) }
}

/** The base columns that this very decision masks wherever they come out. */
function sourcesMasked({ outputs, outputMasks }: Judgement): ReadonlySet<string> {
  const masked = (outputs ?? []).filter((_, index) => outputMasks?.[index] != null)
  const labelled = masked.flatMap(({ sources }) => sources.filter(({ labels }) => labels.length > 0))
  return new Set(labelled.map(({ relationOid, attribute }) => `${relationOid}.${attribute}`))
}

function notProven(): SessionError {
  return new SessionError('mask_not_proven', 'The rows are not what was judged; nothing of them is sent')
}
