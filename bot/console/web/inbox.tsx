import type { HoldSummary, Me } from '../schemas.ts'
import { fetchHolds } from './api.ts'
import { gathered, Rows } from './hold-rows.tsx'
import { focusedRow, moveFocus, useKeys } from './keyboard.ts'
import { More, usePages } from './more.tsx'
import { go } from './route.ts'
import { Failed, Loading, Nothing } from './states.tsx'

type Show = 'yours' | 'asked' | 'all'

const FILTERS: readonly (readonly [Show, string])[] = [
  ['yours', 'For you'],
  ['asked', 'Asked by you'],
  ['all', 'All'],
]

const WHICH = { yours: 'to_answer', asked: 'asked', all: 'all' } as const

async function fetchInbox(show: Show, pages: number) {
  const [pending, unreviewed] = await Promise.all([
    fetchHolds({ status: 'pending', which: WHICH[show] }, pages),
    show === 'yours' ? fetchHolds({ which: 'to_review' }) : { holds: [], next: null },
  ])
  return { pending: pending.holds, more: pending.next !== null, unreviewed: unreviewed.holds }
}

export function Inbox({ me, show }: { readonly me: Me; readonly show: Show }) {
  const [inbox, refresh, showMore] = usePages(`inbox ${show}`, (pages) => fetchInbox(show, pages))
  useListKeys()
  if (inbox.state === 'loading') return <Loading what="what is waiting" />
  if (inbox.state === 'failed') return <Failed problem={inbox.problem} again={refresh} />
  const { pending, unreviewed, more } = inbox.value
  const yours = pending.filter(({ you }) => you.mayVote)
  const others = pending.filter(({ you }) => !you.mayVote)
  const waiting = yours.length + unreviewed.length
  const count = `${waiting}${more && show === 'yours' ? '+' : ''}`
  if (show === 'yours') document.title = waiting > 0 || more ? `(${count}) Holdpoint` : 'Holdpoint'
  return (
    <>
      <div class="inbox-head">
        <h1>Inbox</h1>
        <Filters show={show} />
      </div>
      <p class="visually-hidden" aria-live="polite">
        {count} waiting for you
      </p>
      {inbox.stale && <Stale />}
      {pending.length + unreviewed.length === 0 && !more && (
        <Nothing well title="Nothing is waiting">
          {show === 'asked'
            ? 'Nothing that you or your agents asked for waits for an answer.'
            : `When someone’s statement needs a person’s word, it appears here by itself. You need not reload, ${me.name}.`}
        </Nothing>
      )}
      {unreviewed.length > 0 && <Section title="Run without an answer, to be reviewed" holds={unreviewed} />}
      {yours.length > 0 && <Section title="For you to decide" holds={yours} more={more} />}
      {others.length > 0 && (
        <Section
          title={show === 'asked' ? 'Waiting for an answer' : 'For others to decide'}
          holds={others}
          more={more}
        />
      )}
      {more && <More shown={pending.length} show={showMore} />}
    </>
  )
}

function Filters({ show }: { readonly show: Show }) {
  return (
    <nav class="filters" aria-label="Which holds">
      {FILTERS.map(([one, label]) => (
        <a key={one} href={one === 'yours' ? '/' : `/?show=${one}`} aria-current={one === show ? 'true' : undefined}>
          {label}
        </a>
      ))}
    </nav>
  )
}

export function Decided() {
  const [holds, refresh, showMore] = usePages('decided', (pages) => fetchHolds({ status: 'decided' }, pages))
  useListKeys()
  if (holds.state === 'loading') return <Loading what="what was decided" />
  if (holds.state === 'failed') return <Failed problem={holds.problem} again={refresh} />
  document.title = 'Decided · Holdpoint'
  return (
    <>
      <h1>Decided</h1>
      {holds.stale && <Stale />}
      {holds.value.holds.length === 0 ? (
        <Nothing title="Nothing was decided yet">Answered, expired and withdrawn statements are kept here.</Nothing>
      ) : (
        <Rows holds={holds.value.holds} />
      )}
      {holds.value.next !== null && <More shown={holds.value.holds.length} show={showMore} />}
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
  /** There are others that are not shown yet. */
  readonly more?: boolean
}

function Section({ title, holds, more = false }: SectionProps) {
  return (
    <section class="inbox-section">
      <h2>
        {title} <span class="count">{`${holds.length}${more ? '+' : ''}`}</span>
      </h2>
      <Rows holds={gathered(holds)} />
    </section>
  )
}
