import type { HoldView } from '../schemas.ts'
import { Line } from './text.tsx'
import { Ago, On } from './time.tsx'
import { kindOf, statusWord } from './wording.ts'

/** Who asks, since when they may, and how it went before. */
export function AskerPanel({ hold }: { readonly hold: HoldView }) {
  const { asker, known } = hold
  return (
    <section class="panel hold-asker" aria-label="Who asks">
      <h2>
        <Line of={asker.name} /> <span class="count">{kindOf(asker)}</span>
      </h2>
      <Since name={null} known={known.asker} groups={asker.groups} />
      {asker.actsFor !== null && (
        <Since name={asker.actsFor.name} known={known.actsFor} groups={asker.actsFor.groups} />
      )}
      <dl class="pairs">
        {hold.client !== null && (
          <div>
            <dt>From</dt>
            <dd>
              <code>
                <Line of={hold.client} />
              </code>
            </dd>
          </div>
        )}
        {hold.application !== '' && (
          <div>
            <dt>With</dt>
            <dd>
              <Line of={hold.application} /> <span class="soft">so it says</span>
            </dd>
          </div>
        )}
      </dl>
      <Lately hold={hold} />
    </section>
  )
}

interface SinceProps {
  /** For whom, when it is not the asker itself. */
  readonly name: string | null
  readonly known: HoldView['known']['asker']
  readonly groups: readonly string[]
}

function Since({ name, known, groups }: SinceProps) {
  const since = new Map(known?.groups.map((group) => [group.name, group.since]))
  return (
    <div class="since">
      {name !== null && (
        <p>
          for{' '}
          <strong>
            <Line of={name} />
          </strong>
        </p>
      )}
      <p class="soft">
        {known === null && 'Not in the directory; its token vouches for it.'}
        {known !== null && known.since === null && 'Known since before this was recorded.'}
        {known !== null && known.since !== null && (
          <>
            Known here since <On at={known.since} />.
          </>
        )}
      </p>
      <p class="soft">
        {groups.length === 0 && 'In no group.'}
        {groups.map((group, at) => {
          const joined = since.get(group) ?? null
          return (
            <span key={group}>
              {at === 0 ? 'In ' : ', '}
              <Line of={group} />
              {joined !== null && (
                <>
                  {' since '}
                  <On at={joined} />
                </>
              )}
            </span>
          )
        })}
      </p>
    </div>
  )
}

function Lately({ hold: { lately, latelyCounts } }: { readonly hold: HoldView }) {
  if (lately.length === 0) return <p class="soft">Never held before.</p>
  const counts = Object.entries(latelyCounts).map(
    ([status, count]) => `${count} ${statusWord(status as HoldView['status']).toLowerCase()}`,
  )
  return (
    <details class="lately">
      <summary>Held before{counts.length > 0 && <span class="count">{counts.join(', ')} in 30 days</span>}</summary>
      <ul>
        {lately.map((one) => (
          <li key={one.id}>
            <a href={`/holds/${one.id}`}>
              <Line of={one.tag} /> on <Line of={one.target} />
            </a>{' '}
            <span class={`status status-${one.status}`}>{statusWord(one.status).toLowerCase()}</span>{' '}
            <span class="soft">
              <Ago at={one.createdAt} />
            </span>
          </li>
        ))}
      </ul>
    </details>
  )
}
