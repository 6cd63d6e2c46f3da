import type { HoldView } from '../schemas.ts'
import { Line } from './text.tsx'
import { Ago, TimeLeft } from './time.tsx'

/** How much is left of an approval that counts for others like it, or who ended it. */
export function AlikeApproval({ of }: { readonly of: HoldView['alikeApproval'] }) {
  if (of === null) return null
  const used = `${of.runs} of ${of.runsMax} runs used`
  if (of.undone !== null)
    return (
      <p class="soft">
        It counted for others like it ({used}), until <Line of={of.undone.by} /> ended that <Ago at={of.undone.at} />.
      </p>
    )
  return (
    <p class="soft">
      It counts for others like it: {used}. <TimeLeft until={of.expiresAt} />
    </p>
  )
}
