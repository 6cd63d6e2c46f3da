import { HoldpointError } from '../errors.ts'
import type { Judgement } from './gate.ts'
import { unanalysed } from './refusal.ts'
import { parse } from './sql/parse.ts'

/**
 * What could not be judged, as objects like any other: whoever reads `explain --json` meets nothing else, one for each
 * statement where the text could be read, and one where it could not.
 */
export function unexplained(sql: string | null, error: unknown): readonly Judgement[] {
  const parsed = sql === null ? [] : parse(sql)
  const count = 'reason' in parsed ? 1 : Math.max(1, parsed.length)
  const known = error instanceof HoldpointError ? error : null
  const reason = [known?.message ?? 'Holdpoint failed while it explained this.', known?.hint].filter(Boolean).join(' ')
  const rule = {
    id: `explain.${known?.code ?? 'failed'}`,
    title: 'What cannot be judged does not run',
    reason,
    outcome: 'deny' as const,
  }
  const nothing = { masks: [], reviewers: [], expiryMs: null, grantMs: null, onHold: null }
  const judgement = unanalysed({
    text: '',
    redactedText: '(not analysed)',
    kind: 'unreadable',
    tag: '',
    decision: { outcome: 'deny', rules: [rule], ...nothing },
    policyDigest: '',
  })
  return Array.from({ length: count }, () => judgement)
}
