import { useEffect, useRef, useState } from 'preact/hooks'
import type { HoldView } from '../schemas.ts'
import { AlikeOffer, isSeen, useAlike } from './alike-offer.tsx'
import { type Choice, choiceConsequence, choiceWords, say } from './answer-choices.ts'
import { ApiProblem } from './api.ts'

interface ConfirmProps {
  readonly hold: HoldView
  readonly choice: Choice
  /** True as soon as it is on its way, false when it did not count. */
  readonly sending: (is: boolean) => void
  readonly done: () => void
  readonly refresh: () => void
}

/** The second step of every answer. */
export function Confirm({ hold, choice, sending, done, refresh }: ConfirmProps) {
  const [reason, setReason] = useState('')
  const [alike, setAlike] = useState(false)
  const offer = useAlike(hold.id, alike, hold.alike?.pending ?? 0)
  const [problem, setProblem] = useState<string | null>(null)
  const [busy, setBusy] = useState(false)
  const form = useRef<HTMLFormElement>(null)
  const { title, label, required, button } = choiceWords[choice]
  useEffect(() => form.current?.querySelector<HTMLElement>('[data-first]')?.focus(), [])
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault()
    if (required !== null && reason.trim() === '') return setProblem(required)
    setBusy(true)
    setProblem(null)
    try {
      const saying = say(choice, hold, reason, alike)
      sending(true)
      await saying
      done()
    } catch (error) {
      sending(false)
      setProblem(error instanceof ApiProblem ? error.message : 'This did not work. Try again.')
    }
    setBusy(false)
    refresh()
  }
  return (
    <form
      ref={form}
      class="confirm"
      onSubmit={(event) => void submit(event)}
      onKeyDown={(event) => event.key === 'Escape' && done()}
    >
      <h2>{alike ? 'Approve all like it?' : title}</h2>
      <p class="soft">{choiceConsequence(choice, hold)}</p>
      {choice === 'approve' && hold.you.mayApproveAlike && (
        <label class="check">
          <input type="checkbox" checked={alike} onChange={(event) => setAlike(event.currentTarget.checked)} />
          Also those that differ in constants only
        </label>
      )}
      {alike && <AlikeOffer of={offer} />}
      {label !== null && (
        <label>
          {label}
          <textarea
            rows={3}
            maxLength={2_000}
            value={reason}
            {...(required === null ? {} : { 'data-first': '', required: true })}
            onInput={(event) => setReason(event.currentTarget.value)}
          />
        </label>
      )}
      {problem !== null && (
        <p class="warning" role="alert">
          {problem}
        </p>
      )}
      <p class="actions answer-buttons">
        <button
          type="submit"
          class="button button-primary"
          disabled={busy || (alike && !isSeen(offer))}
          {...(required === null ? { 'data-first': '' } : {})}
        >
          {busy ? 'One moment …' : alike ? 'Approve alike' : button}
        </button>
        <button type="button" class="button" onClick={done}>
          Cancel
        </button>
      </p>
    </form>
  )
}
