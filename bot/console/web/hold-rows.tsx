import type { HoldSummary } from '../schemas.ts'
import { Chip, Line } from './text.tsx'
import { Ago, TimeLeft } from './time.tsx'
import { endingBrief, everyRow, holdingRules, kindOf, placesOpen, reachOf, statusWord } from './wording.ts'

/** Of those that differ in constants only, one stands for all; it says how many there are. */
export function gathered(holds: readonly HoldSummary[]): readonly HoldSummary[] {
  const seen = new Set<string>()
  return holds.filter(({ alike, status }) => {
    if (alike === null || status !== 'pending') return true
    if (seen.has(alike.key)) return false
    seen.add(alike.key)
    return true
  })
}

export function Rows({ holds }: { readonly holds: readonly HoldSummary[] }) {
  return (
    <ul class="rows">
      {holds.map((hold) => (
        <li key={hold.id}>
          <Row hold={hold} />
        </li>
      ))}
    </ul>
  )
}

function Row({ hold }: { readonly hold: HoldSummary }) {
  const { asker, target, tag, preview, status, alike } = hold
  const pending = status === 'pending'
  return (
    <a class="row" href={`/holds/${hold.id}`} data-row={hold.id}>
      <span class="row-what">
        <span class="row-title">
          <Asker asker={asker} /> {pending ? 'wants to run' : 'asked to run'} <strong>{tag}</strong> on{' '}
          <Line of={target.name} /> <Environment of={target.environment} />
          {pending && alike !== null && alike.pending > 1 && <Chip tone="strong">one of {alike.pending} alike</Chip>}
        </span>
        <code class="row-excerpt">
          <Line of={hold.excerpt.replaceAll(/\s+/g, ' ')} />
        </code>
        <span class="row-why">
          <Line of={[...new Set(holdingRules(hold).map(({ title }) => title))].join(' · ')} />
        </span>
      </span>
      <span class="row-side">
        {pending ? (
          <>
            <span class={everyRow(preview) ? 'row-reach danger' : 'row-reach'}>{reachOf(preview).rows}</span>
            <span class="row-time">
              <TimeLeft until={hold.expiresAt} />
            </span>
            <span class="soft">approved by {placesOpen(hold)}</span>
          </>
        ) : (
          <>
            <span class={`status status-${status}`}>
              {hold.reviewDueAt === null ? statusWord(status) : 'Glass broken'}
            </span>
            <span>
              <Line of={endingBrief(hold)} />
            </span>
            <span class="soft">
              {hold.reviewDueAt === null ? (
                <Ago at={hold.decidedAt ?? hold.createdAt} />
              ) : (
                <>
                  review: <TimeLeft until={hold.reviewDueAt} />
                </>
              )}
            </span>
          </>
        )}
      </span>
    </a>
  )
}

export function Asker({ asker }: { readonly asker: HoldSummary['asker'] }) {
  return (
    <>
      <strong>
        <Line of={asker.name} />
      </strong>
      {asker.kind !== 'human' && ` (${kindOf(asker)}`}
      {asker.actsFor !== null && (
        <>
          {' for '}
          <strong>
            <Line of={asker.actsFor.name} />
          </strong>
        </>
      )}
      {asker.kind !== 'human' && ')'}
    </>
  )
}

export function Environment({ of }: { readonly of: HoldSummary['target']['environment'] }) {
  return of === 'production' ? <Chip tone="strong">{of}</Chip> : <Chip>{of}</Chip>
}
