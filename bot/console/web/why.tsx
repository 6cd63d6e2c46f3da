import type { HoldView } from '../schemas.ts'
import { Line } from './text.tsx'
import { holdingRules } from './wording.ts'

export function Why({ hold }: { readonly hold: HoldView }) {
  const others = hold.rules.filter(({ outcome }) => outcome !== 'hold')
  return (
    <section class="hold-why">
      <h2>{hold.status === 'pending' ? 'Why it is held' : 'Why it was held'}</h2>
      {holdingRules(hold).length === 0 && <p>The policy named no rule.</p>}
      <ul class="rules">
        {holdingRules(hold).map((rule) => (
          <li key={rule.id + rule.reason}>
            <strong>
              <Line of={rule.title} />
            </strong>
            <p>
              <Line of={rule.reason} />
            </p>
            <p class="soft">
              <Place hold={hold} id={rule.id} />
              {!hold.policyReviewed && <span class="unreviewed">unreviewed policy</span>}
            </p>
          </li>
        ))}
      </ul>
      {others.length > 0 && (
        <p class="soft also">
          Also applies: <Line of={[...new Set(others.map(({ title }) => title))].join('; ')} />
        </p>
      )}
    </section>
  )
}

/** The rule's own line: at its commit where the policy came from a release, else where it stands in the local files. */
function Place({ hold, id }: { readonly hold: HoldView; readonly id: string }) {
  const place = hold.rulePlaces[id]
  const name = (
    <code>
      <Line of={id} />
    </code>
  )
  if (place === undefined) return name
  const where = `${place.file}:${place.line}`
  if (place.url !== null)
    return (
      <a href={place.url} target="_blank" rel="noreferrer">
        {name} <Line of={where} />
      </a>
    )
  return (
    <>
      {name}{' '}
      <code class="rule-place">
        <Line of={where} />
      </code>
    </>
  )
}
