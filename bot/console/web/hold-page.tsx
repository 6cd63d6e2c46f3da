import { useState } from 'preact/hooks'
import type { HoldView } from '../schemas.ts'
import { Answer } from './answer.tsx'
import { fetchHold } from './api.ts'
import { Asker, Environment, Stale } from './inbox.tsx'
import { useKeys } from './keyboard.ts'
import { useLive } from './live.ts'
import { Record, Votes } from './record.tsx'
import { go } from './route.ts'
import { isLong, Statement } from './statement.tsx'
import { Failed, Loading } from './states.tsx'
import { Line } from './text.tsx'
import { Ago } from './time.tsx'
import { Touches } from './touches.tsx'
import { effectsOf, everyRow, holdingRules, reachOf, statusWord, warnings } from './wording.ts'

interface HoldPageProps {
  readonly id: string
  readonly answer: 'approve' | 'reject' | null
}

/** Everything the record has, in the order in which a reviewer asks: who, what, how much, why, and then the answer. */
export function HoldPage({ id, answer }: HoldPageProps) {
  const [hold, refresh] = useLive(
    id,
    () => fetchHold(id),
    (changed) => changed === id,
  )
  const [opened, setOpened] = useState(false)
  useKeys({ u: () => go('/') })
  if (hold.state === 'loading') return <Loading what="the statement" />
  if (hold.state === 'failed') return <Failed problem={hold.problem} again={refresh} />
  const { value } = hold
  const whole = opened || !isLong(value.statement)
  document.title = `${value.tag} by ${value.asker.name} · Holdpoint`
  return (
    <article class="hold">
      <header class="hold-head">
        <p class="hold-back">
          <a class="back" href={value.status === 'pending' ? '/' : '/decided'}>
            ← {value.status === 'pending' ? 'Inbox' : 'Decided'}
          </a>
        </p>
        <h1>
          <Asker asker={value.asker} /> {value.status === 'pending' ? 'wants to run' : 'asked to run'} {value.tag} on{' '}
          <Line of={value.target.name} />
        </h1>
        <p class="soft hold-under">
          <Environment of={value.target.environment} />
          <span class={`status status-${value.status}`}>{statusWord(value.status)}</span>
          <span>
            Asked <Ago at={value.createdAt} />
            {value.application !== '' && (
              <>
                {' with '}
                <Line of={value.application} />
              </>
            )}
          </span>
        </p>
        {hold.stale && <Stale />}
      </header>
      <div class="hold-body">
        <What hold={value} whole={whole} showWhole={() => setOpened(true)} />
        <Why hold={value} />
        <Touches facts={value.facts} />
      </div>
      <aside class="hold-side">
        <Answer key={value.id} hold={value} open={answer} whole={whole} refresh={refresh} />
        <Votes hold={value} />
        <Record hold={value} />
      </aside>
    </article>
  )
}

interface WhatProps {
  readonly hold: HoldView
  readonly whole: boolean
  readonly showWhole: () => void
}

function What({ hold, whole, showWhole }: WhatProps) {
  const { rows, known } = reachOf(hold.preview)
  const notes = warnings(hold)
  return (
    <section class="hold-what" aria-label="What would run">
      {hold.reason !== null && (
        <blockquote class="said">
          <Line of={hold.reason} />
          <footer>
            — <Line of={hold.asker.name} />
          </footer>
        </blockquote>
      )}
      <Statement of={hold.statement} whole={whole} showWhole={showWhole} />
      {hold.parameters.length > 0 && <Parameters of={hold.parameters} />}
      <div class="facts-line">
        <div>
          <h3>Rows it reaches</h3>
          <p class={everyRow(hold.preview) ? 'big danger' : 'big'}>{rows}</p>
          <p class="soft">{known}</p>
        </div>
        <div>
          <h3>What it does</h3>
          <p class="big">{effectsOf(hold)}</p>
          <p class="soft">found by parsing it, not claimed by anyone</p>
        </div>
      </div>
      {notes.length > 0 && (
        <ul class="warnings">
          {notes.map((note) => (
            <li key={note} class="warning">
              <Line of={note} />
            </li>
          ))}
        </ul>
      )}
    </section>
  )
}

function Parameters({ of }: { readonly of: HoldView['parameters'] }) {
  return (
    <>
      <h3>Bound parameters</h3>
      <dl class="parameters">
        {of.map((value, at) => (
          <div key={at}>
            <dt>${at + 1}</dt>
            <dd>
              {value === null ? (
                <span class="soft">NULL</span>
              ) : (
                <code>
                  <Line of={value} />
                </code>
              )}
            </dd>
          </div>
        ))}
      </dl>
    </>
  )
}

function Why({ hold }: { readonly hold: HoldView }) {
  const others = hold.rules.filter(({ outcome }) => outcome !== 'hold')
  return (
    <section class="hold-why">
      <h2>Why it is held</h2>
      <ul class="rules">
        {holdingRules(hold).map((rule) => (
          <li key={rule.id}>
            <strong>
              <Line of={rule.title} />
            </strong>
            <p>
              <Line of={rule.reason} />
            </p>
            <p class="soft">
              <code>
                <Line of={rule.id} />
              </code>
              {!hold.policyReviewed && <span class="unreviewed">unreviewed policy</span>}
            </p>
          </li>
        ))}
      </ul>
      {others.length > 0 && (
        <p class="soft also">
          Also applies: <Line of={others.map(({ title }) => title).join('; ')} />
        </p>
      )}
    </section>
  )
}
