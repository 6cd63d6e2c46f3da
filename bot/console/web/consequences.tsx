import { lockMeaning, strongestLock } from '../../text/lock-words.ts'
import type { ConsequencesView } from '../consequences-schema.ts'
import type { HoldView } from '../schemas.ts'
import { cascadeSentence, triggerSentence } from './consequence-words.ts'
import { Line } from './text.tsx'
import { effectsOf, everyRow, reachOf } from './wording.ts'

/** What a reviewer has to know in a moment: how much, for whom it is in the way, and whether there is a way back. */
export function AtAGlance({ hold }: { readonly hold: HoldView }) {
  const { rows, known } = reachOf(hold.preview)
  const { consequences } = hold
  const lock = consequences === null ? null : strongestLock(consequences.locks)
  return (
    <div class="glance">
      <div>
        <h3>Rows it reaches</h3>
        <p class={everyRow(hold.preview) ? 'big danger' : 'big'}>{rows}</p>
        <p class="soft">{known}</p>
        {hold.preview.each !== undefined && <Each of={hold.preview.each} />}
      </div>
      <div>
        <h3>What it does</h3>
        <p class="big">{effectsOf(hold)}</p>
        <p class="soft">found by parsing it, not claimed by anyone</p>
      </div>
      {consequences !== null && (
        <div>
          <h3>Can it be undone?</h3>
          <p class={consequences.undo.how === 'impossible' ? 'big danger' : 'big'}>{UNDO[consequences.undo.how]}</p>
          <p class="soft">
            <Line of={consequences.undo.sentence} />
          </p>
        </div>
      )}
      {lock !== null && (
        <div>
          <h3>While it runs</h3>
          <p class={lockMeaning(lock.mode).stops ? 'big danger' : 'big'}>{lockMeaning(lock.mode).brief}</p>
          <p class="soft">
            {lock.mode} on <Line of={lock.table} />
          </p>
        </div>
      )}
    </div>
  )
}

/** Of several statements in one message. */
function Each({ of }: { readonly of: NonNullable<HoldView['preview']['each']> }) {
  return (
    <ol class="each soft">
      {of.slice(0, SHOWN_MAX).map((one, at) => (
        <li key={at}>
          <Line of={one.tag} />: {reachOf(one).rows}
        </li>
      ))}
      <li class="each-note">each as if it came alone</li>
    </ol>
  )
}

const UNDO: Readonly<Record<ConsequencesView['undo']['how'], string>> = {
  nothing_to_undo: 'nothing to undo',
  by_hand: 'yes, by hand',
  partly: 'in part',
  impossible: 'no',
  unknown: 'not known',
}

const SHOWN_MAX = 12

/** What happens besides: other tables that foreign keys change, and triggers. */
export function AlsoHappens({ of }: { readonly of: ConsequencesView }) {
  const cascades = of.cascades ?? []
  const triggers = of.triggers ?? []
  const unknown = of.cascades === null || of.triggers === null
  if (cascades.length + triggers.length === 0 && !unknown) return null
  const items = [
    ...cascades.map((cascade) => ({ key: `fk ${cascade.constraint} ${cascade.from}`, ...cascadeSentence(cascade) })),
    ...triggers.map((trigger) => ({
      key: `tg ${trigger.table} ${trigger.name} ${trigger.on}`,
      ...triggerSentence(trigger),
    })),
  ]
  return (
    <section class="hold-also">
      <h2>What happens besides</h2>
      <ul class="also-list">
        {items.slice(0, SHOWN_MAX).map(({ key, what, because, off }) => (
          <li key={key} class={off ? 'soft' : undefined}>
            <Line of={what} />{' '}
            <span class="soft">
              <Line of={because} />
            </span>
          </li>
        ))}
        {items.length > SHOWN_MAX && <li class="soft">and {items.length - SHOWN_MAX} more</li>}
      </ul>
      {unknown && <p class="soft">Foreign keys and triggers could not be looked at in time.</p>}
    </section>
  )
}

/** Every lock, and what the waiting transaction has locked already. */
export function Locks({ hold }: { readonly hold: HoldView }) {
  const locks = hold.consequences?.locks ?? []
  if (locks.length === 0 && hold.locksHeld.length === 0) return null
  return (
    <section class="hold-locks">
      <h2>Locks</h2>
      <dl class="pairs locks">
        {[...Map.groupBy(locks.slice(0, SHOWN_MAX), ({ mode }) => mode)].map(([mode, of]) => (
          <div key={mode}>
            <dt>
              {of.map(({ table }) => (
                <code key={table}>
                  <Line of={table} />
                </code>
              ))}
            </dt>
            <dd>
              {mode} <span class="soft">{lockMeaning(mode).long}</span>
            </dd>
          </div>
        ))}
        {locks.length > SHOWN_MAX && (
          <div>
            <dt>and {locks.length - SHOWN_MAX} more</dt>
            <dd class="soft">no stronger than these</dd>
          </div>
        )}
        {hold.locksHeld.slice(0, SHOWN_MAX).map(({ on, mode }) => (
          <div key={`held ${on} ${mode}`}>
            <dt>
              <code>
                <Line of={on} />
              </code>
            </dt>
            <dd>
              <strong>locked now</strong> <span class="soft">{mode}, by the transaction that waits for you</span>
            </dd>
          </div>
        ))}
      </dl>
    </section>
  )
}
