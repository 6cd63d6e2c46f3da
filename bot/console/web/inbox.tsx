import type { HoldSummary, Me } from '../schemas.ts'
import { fetchHolds } from './api.ts'
import { focusedRow, moveFocus, useKeys } from './keyboard.ts'
import { useLive } from './live.ts'
import { go } from './route.ts'
import { Failed, Loading, Nothing } from './states.tsx'
import { Chip, Line } from './text.tsx'
import { Ago, TimeLeft } from './time.tsx'
import { endingBrief, everyRow, holdingRules, kindOf, placesOpen, reachOf, statusWord } from './wording.ts'

export function Inbox({ me }: { readonly me: Me }) {
  const [holds, refresh] = useLive(
    'pending',
    () => fetchHolds('pending'),
    () => true,
  )
  useListKeys()
  if (holds.state === 'loading') return <Loading what="what is waiting" />
  if (holds.state === 'failed') return <Failed problem={holds.problem} again={refresh} />
  const yours = holds.value.filter(({ you }) => you.mayVote)
  const others = holds.value.filter(({ you }) => !you.mayVote)
  document.title = yours.length > 0 ? `(${yours.length}) Holdpoint` : 'Holdpoint'
  return (
    <>
      <h1>Inbox</h1>
      <p class="visually-hidden" aria-live="polite">
        {yours.length} waiting for you
      </p>
      {holds.stale && <Stale />}
      {holds.value.length === 0 ? (
        <Nothing title="Nothing is waiting">
          When someone’s statement needs a person’s word, it appears here by itself. You need not reload, {me.name}.
        </Nothing>
      ) : (
        <>
          <Section title="For you to decide" holds={yours} empty="Nothing right now." />
          {others.length > 0 && <Section title="Waiting for others" holds={others} empty="" />}
        </>
      )}
    </>
  )
}

export function Decided() {
  const [holds, refresh] = useLive(
    'decided',
    () => fetchHolds('decided'),
    () => true,
  )
  useListKeys()
  if (holds.state === 'loading') return <Loading what="what was decided" />
  if (holds.state === 'failed') return <Failed problem={holds.problem} again={refresh} />
  document.title = 'Decided · Holdpoint'
  return (
    <>
      <h1>Decided</h1>
      {holds.stale && <Stale />}
      {holds.value.length === 0 ? (
        <Nothing title="Nothing was decided yet">Answered, expired and withdrawn statements are kept here.</Nothing>
      ) : (
        <Rows holds={holds.value} />
      )}
    </>
  )
}

export function Stale() {
  return (
    <p class="notice" role="status">
      The console does not answer at the moment. What you see may be old; it will refresh by itself.
    </p>
  )
}

/** Answering needs the whole statement in view, so the keys open the hold rather than decide from a list. */
function useListKeys(): void {
  const open = (answer: string): void => {
    const id = focusedRow()
    if (id !== null) go(`/holds/${id}${answer}`)
  }
  useKeys({
    j: () => moveFocus(1),
    k: () => moveFocus(-1),
    a: () => open('?answer=approve'),
    r: () => open('?answer=reject'),
  })
}

interface SectionProps {
  readonly title: string
  readonly holds: readonly HoldSummary[]
  readonly empty: string
}

function Section({ title, holds, empty }: SectionProps) {
  return (
    <section class="inbox-section">
      <h2>
        {title} <span class="count">{holds.length}</span>
      </h2>
      {holds.length === 0 ? <p class="soft">{empty}</p> : <Rows holds={holds} />}
    </section>
  )
}

function Rows({ holds }: { readonly holds: readonly HoldSummary[] }) {
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
  const { asker, target, tag, preview, status } = hold
  const pending = status === 'pending'
  return (
    <a class="row" href={`/holds/${hold.id}`} data-row={hold.id}>
      <span class="row-what">
        <span class="row-title">
          <Asker asker={asker} /> {pending ? 'wants to run' : 'asked to run'} <strong>{tag}</strong> on{' '}
          <Line of={target.name} /> <Environment of={target.environment} />
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
            <span class={`status status-${status}`}>{statusWord(status)}</span>
            <span>
              <Line of={endingBrief(hold)} />
            </span>
            <span class="soft">
              <Ago at={hold.decidedAt ?? hold.createdAt} />
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
