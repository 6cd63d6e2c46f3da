import type { Hold } from '../../workflows/holds/hold.ts'
import { line } from './bounded-text.ts'
import { duration } from './duration.ts'
import type { Span } from './span.ts'

/** What is left of an approval that counts for others like it, or who ended it; nothing for one of a single statement. */
export function alikeWords({ alikeApproval: approval }: Hold): readonly Span[] {
  if (approval === null) return []
  const { runs, runsMax, expiresAt, undone } = approval
  const used = `${runs} of ${runsMax} runs used`
  if (undone !== null)
    return [{ bold: 'Approve alike was undone' }, ` by ${line(undone.by, 60)}, with ${used}. `, { at: undone.at }]
  return [{ bold: 'Approved alike: ' }, `${used}, until `, { at: expiresAt }, '. Each run is on record.']
}

/** What approving alike would allow; empty where the policy does not let it. */
export function alikeOffer({ decision, identity, gathering }: Hold, shown: number): readonly (readonly Span[])[] {
  const allowed = decision.answering?.sameShape ?? null
  if (allowed === null || gathering === null) return []
  const later = allowed.runs - shown
  const left = gathering.pending - 1 - shown
  const these = shown === 0 ? 'The statement above' : `The ${shown + 1} statements above`
  const unseen: readonly (readonly Span[])[] =
    later > 0
      ? [
          [
            { bold: `Up to ${later} more of ${line(identity.name, 60)}, within ${duration(allowed.ms)}` },
            ', that differ in constants only. Nobody looks at these before they run; each is on record.',
          ],
        ]
      : []
  return [
    [shown === 0 ? `${these}, exactly as shown, one time.` : `${these}, each exactly as shown, one time.`],
    ...unseen,
    ...(left > 0 ? [[`${left} more that wait are not among them, and go on waiting.`]] : []),
    ['You or any other reviewer can undo it at any time.'],
  ]
}
