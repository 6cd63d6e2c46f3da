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
export function alikeOffer({ decision, identity, gathering }: Hold): readonly (readonly Span[])[] {
  const allowed = decision.answering?.sameShape ?? null
  if (allowed === null || gathering === null) return []
  const others = gathering.pending - 1
  const waiting: readonly (readonly Span[])[] =
    others > 0 ? [[`${others} more wait now. They run at once, oldest first, as far as the runs go.`]] : []
  return [
    ['The statement above, exactly as shown, one time.'],
    [
      { bold: `Up to ${allowed.runs} more of ${line(identity.name, 60)}, within ${duration(allowed.ms)}` },
      ', that differ in constants only. Nobody looks at these before they run; each is on record.',
    ],
    ...waiting,
    ['You or any other reviewer can undo it at any time.'],
  ]
}
