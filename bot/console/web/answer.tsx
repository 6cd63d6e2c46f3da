import { useEffect, useRef, useState } from 'preact/hooks'
import type { HoldView } from '../schemas.ts'
import { ApiProblem, vote, withdraw } from './api.ts'
import { useKeys } from './keyboard.ts'
import { Line } from './text.tsx'
import { TimeLeft } from './time.tsx'
import { consequence, ending } from './wording.ts'

type Choice = 'approve' | 'reject' | 'withdraw'

interface AnswerProps {
  readonly hold: HoldView
  readonly open: 'approve' | 'reject' | null
  /** Whether the statement is shown to its end; what is not cannot be approved. */
  readonly whole: boolean
  readonly showWhole: () => void
  readonly refresh: () => void
}

/** Where a person says yes or no. Two steps, so that no single key or stray tap runs anything. */
export function Answer({ hold, open, whole, showWhole, refresh }: AnswerProps) {
  const { you } = hold
  const [choice, setChoice] = useState<Choice | null>(you.mayVote ? open : null)
  useKeys({
    ...(you.mayVote
      ? { a: () => whole && you.whyNotApprove === null && setChoice('approve'), r: () => setChoice('reject') }
      : {}),
    Escape: () => setChoice(null),
  })
  const mayApprove = you.mayVote && you.whyNotApprove === null
  const allowed = choice === 'withdraw' ? you.mayWithdraw : choice === 'reject' ? you.mayVote : mayApprove && whole
  return (
    <section class="panel answer hold-answer" aria-label="Your answer">
      <p class={`ending ending-${hold.status}`} aria-live="polite">
        {hold.status === 'pending' ? <TimeLeft until={hold.expiresAt} /> : <Line of={ending(hold)} />}
      </p>
      {choice !== null && allowed ? (
        <Confirm key={choice} hold={hold} choice={choice} done={() => setChoice(null)} refresh={refresh} />
      ) : (
        <>
          {hold.status === 'pending' && <p class="soft">{consequence(hold)}</p>}
          {you.mayVote && (
            <p class="actions answer-buttons">
              {mayApprove && whole && (
                <button type="button" class="button button-primary" onClick={() => setChoice('approve')}>
                  Approve <kbd>a</kbd>
                </button>
              )}
              {mayApprove && !whole && (
                <button type="button" class="button button-primary" onClick={showWhole}>
                  Details
                </button>
              )}
              <button type="button" class="button" onClick={() => setChoice('reject')}>
                Reject <kbd>r</kbd>
              </button>
            </p>
          )}
          {you.whyNotApprove !== null && <p class="why-not">{you.whyNotApprove}</p>}
          {mayApprove && !whole && (
            <p class="why-not">It is not shown whole yet. Read all of it first; then you can approve it.</p>
          )}
          {!you.mayVote && hold.status === 'pending' && <p class="why-not">{you.whyNot}</p>}
          {you.mayWithdraw && (
            <p class="actions">
              <button type="button" class="button" onClick={() => setChoice('withdraw')}>
                Withdraw
              </button>
            </p>
          )}
        </>
      )}
    </section>
  )
}

const WORDS: Readonly<Record<Choice, { readonly title: string; readonly label: string; readonly button: string }>> = {
  approve: { title: 'Approve this?', label: 'A note, if you like', button: 'Approve' },
  reject: { title: 'Reject this?', label: 'Why, so that they know what to do', button: 'Reject' },
  withdraw: { title: 'Take this back?', label: '', button: 'Withdraw' },
}

interface ConfirmProps {
  readonly hold: HoldView
  readonly choice: Choice
  readonly done: () => void
  readonly refresh: () => void
}

function Confirm({ hold, choice, done, refresh }: ConfirmProps) {
  const [reason, setReason] = useState('')
  const [problem, setProblem] = useState<string | null>(null)
  const [busy, setBusy] = useState(false)
  const form = useRef<HTMLFormElement>(null)
  const { title, label, button } = WORDS[choice]
  useEffect(() => form.current?.querySelector<HTMLElement>('[data-first]')?.focus(), [])
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault()
    if (choice === 'reject' && reason.trim() === '') return setProblem('Say why, so that they know what to do.')
    setBusy(true)
    setProblem(null)
    try {
      await (choice === 'withdraw' ? withdraw(hold.id) : vote(hold.id, choice, reason))
      done()
    } catch (error) {
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
      <h2>{title}</h2>
      <p class="soft">{choice === 'approve' ? consequence(hold) : 'It will not run.'}</p>
      {label !== '' && (
        <label>
          {label}
          <textarea
            rows={3}
            maxLength={2_000}
            value={reason}
            {...(choice === 'reject' ? { 'data-first': '', required: true } : {})}
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
          disabled={busy}
          {...(choice === 'reject' ? {} : { 'data-first': '' })}
        >
          {busy ? 'One moment …' : button}
        </button>
        <button type="button" class="button" onClick={done}>
          Cancel
        </button>
      </p>
    </form>
  )
}
