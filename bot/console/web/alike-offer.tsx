import { useEffect, useState } from 'preact/hooks'
import { visibleText } from '../../text/visible-text.ts'
import type { AlikeView } from '../alike-schema.ts'
import { ApiProblem, fetchAlike } from './api.ts'
import { Line, marked } from './text.tsx'
import { reachOf } from './wording.ts'

export type Offer = AlikeView | 'loading' | { readonly problem: string }

/** Asked for when somebody wants it, and again whenever what waits may have changed. */
export function useAlike(id: string, wanted: boolean, pending: number): Offer {
  const [offer, setOffer] = useState<Offer>('loading')
  useEffect(() => {
    if (!wanted) return
    let current = true
    setOffer('loading')
    fetchAlike(id).then(
      (value) => current && setOffer(value),
      (error: unknown) => current && setOffer({ problem: error instanceof ApiProblem ? error.message : 'Try again.' }),
    )
    return () => {
      current = false
    }
  }, [id, wanted, pending])
  return offer
}

/** Whether all that it would let through is on the screen. */
export function isSeen(offer: Offer): boolean {
  return offer !== 'loading' && !('problem' in offer) && offer.whyNot === null
}

/** What waits as well and would run at once, each whole, and what it allows from now on. */
export function AlikeOffer({ of }: { readonly of: Offer }) {
  if (of === 'loading') return <p class="soft">Looking for what else waits …</p>
  if ('problem' in of)
    return (
      <p class="warning" role="alert">
        What else waits could not be shown: {of.problem}
      </p>
    )
  const { waiting, says, whyNot } = of
  return (
    <div class="alike-offer" aria-live="polite">
      {waiting.length === 0 ? (
        <p>Nothing else like it waits now.</p>
      ) : (
        <>
          <p>
            <strong>
              {waiting.length === 1 ? 'One more waits' : `${waiting.length} more wait`}, and would run, too:
            </strong>
          </p>
          <ol class="alike-waiting">
            {waiting.map((other) => (
              <Waiting key={other.id} of={other} />
            ))}
          </ol>
        </>
      )}
      <p>
        <strong>You approve</strong>
      </p>
      <ul class="alike-says">
        {says.map((sentence) => (
          <li key={sentence}>
            <Line of={sentence} />
          </li>
        ))}
      </ul>
      {whyNot !== null && (
        <p class="warning" role="alert">
          {whyNot}
        </p>
      )}
    </div>
  )
}

function Waiting({
  of: { id, statement, parameters, preview, reason },
}: {
  readonly of: AlikeView['waiting'][number]
}) {
  return (
    <li>
      <pre dir="ltr">
        <code>{marked(visibleText(statement))}</code>
      </pre>
      {parameters.map((value, at) => (
        <p key={at} class="soft">
          ${at + 1} = {value === null ? 'NULL' : <Line of={value} />}
        </p>
      ))}
      <p class="soft">
        <a href={`/holds/${id}`}>{preview === null ? 'Open it' : reachOf(preview).rows}</a>
        {reason !== null && (
          <>
            {', they say: '}
            <Line of={reason} />
          </>
        )}
      </p>
    </li>
  )
}
