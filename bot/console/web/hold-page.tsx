import { useRef, useState } from 'preact/hooks'
import type { HoldView } from '../schemas.ts'
import { Answer } from './answer.tsx'
import { fetchHold } from './api.ts'
import { AskerPanel } from './asker-panel.tsx'
import { Compared } from './compared.tsx'
import { firesBefore } from './consequence-words.ts'
import { AlsoHappens, AtAGlance, Locks } from './consequences.tsx'
import { Examples } from './examples.tsx'
import { Asker, Environment } from './hold-rows.tsx'
import { Stale } from './inbox.tsx'
import { useKeys } from './keyboard.ts'
import { useLive } from './live.ts'
import { Record, Votes } from './record.tsx'
import { go } from './route.ts'
import { isLong, Statement } from './statement.tsx'
import { Failed, Loading } from './states.tsx'
import { Line } from './text.tsx'
import { Ago } from './time.tsx'
import { Touches } from './touches.tsx'
import { Why } from './why.tsx'
import { statusWord, warnings } from './wording.ts'

interface HoldPageProps {
  readonly id: string
  readonly answer: 'approve' | 'reject' | null
}

/** Everything the record has, in the order in which a reviewer asks: who, what, how much, why, and then the answer. */
export function HoldPage({ id, answer }: HoldPageProps) {
  const isOneOfMany = useRef(false)
  const [hold, refresh] = useLive(
    id,
    () => fetchHold(id),
    (changed) => changed === id || isOneOfMany.current,
  )
  isOneOfMany.current = hold.state === 'ready' && hold.value.status === 'pending' && hold.value.alike !== null
  const [opened, setOpened] = useState(false)
  useKeys({ u: () => go('/') })
  if (hold.state === 'loading') return <Loading what="the statement" />
  if (hold.state === 'failed') return <Failed problem={hold.problem} again={refresh} />
  const { value } = hold
  const whole = opened || !isLong([value.statement, ...value.parameters].join('\n'))
  const showWhole = (): void => setOpened(true)
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
            {value.client !== null && (
              <>
                {' from '}
                <Line of={value.client.replace(/:\d+$/, '')} />
              </>
            )}
            {value.application !== '' && (
              <>
                {' with a client that says it is '}
                <Line of={value.application} />
              </>
            )}
          </span>
        </p>
        {hold.stale && <Stale />}
      </header>
      <div class="hold-body">
        <What hold={value} whole={whole} showWhole={showWhole} />
        {value.consequences?.examples != null && (
          <Examples key={value.id} id={value.id} changedBefore={firesBefore(value.consequences)} />
        )}
        {value.consequences !== null && <AlsoHappens of={value.consequences} />}
        <Why hold={value} />
        {value.sameShape !== null && <Compared to={value.sameShape} />}
        <Touches facts={value.facts} />
        <Locks hold={value} />
      </div>
      <aside class="hold-side">
        <Answer key={value.id} hold={value} open={answer} whole={whole} showWhole={showWhole} refresh={refresh} />
        <AskerPanel hold={value} />
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
      {hold.anewOf !== null && (
        <p class="notice">
          It <a href={`/holds/${hold.anewOf}`}>was approved before</a>, and is asked anew: it would do something else by
          now, or others have to answer.
        </p>
      )}
      {hold.anewAs !== null && (
        <p class="notice">
          An approval of this does not count any more: it would do something else by now, or others have to answer. It{' '}
          <a href={`/holds/${hold.anewAs}`}>is asked anew</a>.
        </p>
      )}
      {hold.needsReason && <p class="warning">The policy wants to know why, and they have not said it yet.</p>}
      <Statement of={hold.statement} whole={whole} showWhole={showWhole} />
      {hold.hidden && (
        <p class="notice">
          Values are hidden: they are compared with protected columns, which you see masked yourself.
        </p>
      )}
      {hold.parameters.length > 0 && <Parameters of={hold.parameters} whole={whole} />}
      <AtAGlance hold={hold} />
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

const PARAMETERS_AT_FIRST = 20
const PARAMETER_CHARACTERS_AT_FIRST = 400

interface ParametersProps {
  readonly of: HoldView['parameters']
  readonly whole: boolean
}

function Parameters({ of, whole }: ParametersProps) {
  const shown = whole ? of : of.slice(0, PARAMETERS_AT_FIRST)
  return (
    <>
      <h3>Bound parameters</h3>
      <dl class="parameters">
        {shown.map((value, at) => (
          <div key={at}>
            <dt>${at + 1}</dt>
            <dd>
              {value === null ? (
                <span class="soft">NULL</span>
              ) : (
                <code>
                  <Line of={whole ? value : value.slice(0, PARAMETER_CHARACTERS_AT_FIRST)} />
                </code>
              )}
            </dd>
          </div>
        ))}
      </dl>
    </>
  )
}
