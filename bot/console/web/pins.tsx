import { useState } from 'preact/hooks'
import type { ReleaseItem, ReleasesView } from '../release-schema.ts'
import { confirmPin, pinRelease, unpinRelease } from './api.ts'
import { Problem, useSending } from './form.tsx'
import { Commit } from './release-parts.tsx'
import { Line } from './text.tsx'
import { TimeLeft } from './time.tsx'

/** Putting an earlier release back in force for a time: one administrator asks, another confirms. */
export function OpenPins({
  pins,
  mayConfirm,
  refresh,
}: {
  readonly pins: ReleasesView['pins']
  readonly mayConfirm: boolean
  readonly refresh: () => void
}) {
  const { busy, problem, send } = useSending(refresh)
  return (
    <section class="inbox-section">
      <h2>
        Waiting for a second administrator <span class="count">{pins.length}</span>
      </h2>
      <ul class="rows refusals">
        {pins.map((pin) => (
          <li key={pin.id}>
            <p>
              <Line of={pin.requestedBy} /> asks to put <Commit of={pin.release} href={`/releases/${pin.release}`} />{' '}
              back in force for {Math.round(pin.pinnedMs / 60_000)} minutes: <Line of={pin.reason} />{' '}
              <span class="soft">
                <TimeLeft until={pin.expiresAt} /> to confirm it
              </span>
            </p>
            {mayConfirm && (
              <p class="actions">
                <button type="button" class="button" disabled={busy} onClick={() => send(() => confirmPin(pin.id))}>
                  Confirm
                </button>
              </p>
            )}
          </li>
        ))}
      </ul>
      <Problem of={problem} />
    </section>
  )
}

export function Unpin({ refresh }: { readonly refresh: () => void }) {
  const { busy, problem, send } = useSending(refresh)
  return (
    <>
      <button type="button" class="button" disabled={busy} onClick={() => send(unpinRelease)}>
        End the pin
      </button>
      <Problem of={problem} />
    </>
  )
}

const MINUTES = [30, 60, 240] as const

export function PinForm({
  releases,
  refresh,
}: {
  readonly releases: readonly ReleaseItem[]
  readonly refresh: () => void
}) {
  const [release, setRelease] = useState(releases[1]?.commit ?? '')
  const [minutes, setMinutes] = useState<number>(MINUTES[1])
  const [reason, setReason] = useState('')
  const { busy, problem, send } = useSending(() => {
    setReason('')
    refresh()
  })
  return (
    <section class="inbox-section">
      <h2>Put an earlier release back in force</h2>
      <form
        class="panel form"
        onSubmit={(event) => {
          event.preventDefault()
          send(() => pinRelease({ release, reason, minutes }))
        }}
      >
        <p class="soft">Nothing changes until another administrator has confirmed it, and only for a time.</p>
        <label>
          Which
          <select value={release} onChange={(event) => setRelease(event.currentTarget.value)}>
            {releases.map(({ commit, pulls: [pull] }) => (
              <option key={commit} value={commit}>
                {commit.slice(0, 12)} {pull === undefined ? '' : `#${pull.number} ${pull.title}`}
              </option>
            ))}
          </select>
        </label>
        <label>
          For how long
          <select value={minutes} onChange={(event) => setMinutes(Number(event.currentTarget.value))}>
            {MINUTES.map((one) => (
              <option key={one} value={one}>
                {one < 60 ? `${one} minutes` : `${one / 60} ${one === 60 ? 'hour' : 'hours'}`}
              </option>
            ))}
          </select>
        </label>
        <label>
          Why
          <textarea
            rows={2}
            maxLength={1_000}
            required
            value={reason}
            onInput={(event) => setReason(event.currentTarget.value)}
          />
        </label>
        <Problem of={problem} />
        <p class="actions">
          <button type="submit" class="button button-primary" disabled={busy}>
            Ask for it
          </button>
        </p>
      </form>
    </section>
  )
}
