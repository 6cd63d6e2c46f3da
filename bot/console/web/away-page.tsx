import { useState } from 'preact/hooks'
import type { DelegationView } from '../delegation-schema.ts'
import type { Me } from '../schemas.ts'
import { delegate, fetchDelegations, revokeDelegation } from './api.ts'
import { Problem, useSending } from './form.tsx'
import { Stale } from './inbox.tsx'
import { useLive } from './live.ts'
import { Failed, Loading } from './states.tsx'
import { Line } from './text.tsx'
import { At } from './time.tsx'

/** Who answers in whose place while somebody is away: said by who is away, for themselves. */
export function AwayPage({ me }: { readonly me: Me }) {
  const [live, refresh] = useLive('away', fetchDelegations, () => false)
  document.title = 'Away · Holdpoint'
  if (live.state === 'loading') return <Loading what="who answers for whom" />
  if (live.state === 'failed') return <Failed problem={live.problem} again={refresh} />
  const mine = live.value.filter(({ from }) => isMe(from, me))
  const forOthers = live.value.filter(({ from }) => !isMe(from, me))
  return (
    <>
      <h1>While you are away</h1>
      {live.stale && <Stale />}
      <p class="soft away-about">
        Somebody else can answer what is yours to answer. They use your right, not one of their own; they never answer
        what you asked for yourself, and each answer says in whose place it was given.
      </p>
      <section class="inbox-section">
        <h2>Who answers for you</h2>
        {mine.length === 0 ? (
          <p class="soft">Nobody: what is yours waits for you, or for the others in your groups.</p>
        ) : (
          <List of={mine} refresh={refresh} />
        )}
      </section>
      {forOthers.length > 0 && (
        <section class="inbox-section">
          <h2>For whom you answer</h2>
          <List of={forOthers} refresh={null} />
        </section>
      )}
      <NewDelegation refresh={refresh} />
    </>
  )
}

function isMe({ issuer, subject }: DelegationView['from'], me: Me): boolean {
  return issuer === me.issuer && subject === me.subject
}

function List({ of, refresh }: { readonly of: readonly DelegationView[]; readonly refresh: (() => void) | null }) {
  const { busy, problem, send } = useSending(refresh ?? (() => undefined))
  return (
    <>
      <ul class="rows refusals">
        {of.map(({ id, from, to, startsAt, endsAt }) => (
          <li key={id} class="away-row">
            <p>
              <strong>
                <Line of={refresh === null ? from.name : to.name} />
              </strong>{' '}
              <span class="soft">
                from <At at={startsAt} /> until <At at={endsAt} />
              </span>
            </p>
            {refresh !== null && (
              <button
                type="button"
                class="button"
                disabled={busy}
                aria-label={`End it: ${to.name}`}
                onClick={() => send(() => revokeDelegation(id))}
              >
                End it
              </button>
            )}
          </li>
        ))}
      </ul>
      <Problem of={problem} />
    </>
  )
}

/** What the field says is in the reader's zone. */
const moment = (local: string): string => new Date(local).toISOString()

function NewDelegation({ refresh }: { readonly refresh: () => void }) {
  const [to, setTo] = useState('')
  const [from, setFrom] = useState('')
  const [until, setUntil] = useState('')
  const { busy, problem, send, refuse } = useSending(() => {
    setTo('')
    setFrom('')
    setUntil('')
    refresh()
  })
  const submit = (event: Event): void => {
    event.preventDefault()
    if (to.trim() === '') refuse('Say who: an e-mail address, or a name that only one person has.')
    else if (until === '') refuse('Say until when.')
    else send(() => delegate({ to: to.trim(), ...(from === '' ? {} : { from: moment(from) }), until: moment(until) }))
  }
  return (
    <section class="inbox-section">
      <h2>Let somebody answer for you</h2>
      <form class="panel form" noValidate onSubmit={submit}>
        <label>
          Who
          <input
            type="text"
            autocomplete="off"
            maxLength={320}
            placeholder="name or e-mail address"
            value={to}
            onInput={(event) => setTo(event.currentTarget.value)}
          />
        </label>
        <label>
          From <span class="soft">(now, when left empty)</span>
          <input type="datetime-local" value={from} onInput={(event) => setFrom(event.currentTarget.value)} />
        </label>
        <label>
          Until
          <input type="datetime-local" value={until} onInput={(event) => setUntil(event.currentTarget.value)} />
        </label>
        <p class="soft">Times are in your zone, {Intl.DateTimeFormat().resolvedOptions().timeZone}.</p>
        <Problem of={problem} />
        <p class="actions">
          <button type="submit" class="button button-primary" disabled={busy}>
            Let them answer
          </button>
        </p>
      </form>
    </section>
  )
}
