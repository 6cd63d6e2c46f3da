import { useRef, useState } from 'preact/hooks'
import type { HoldView } from '../schemas.ts'
import { AlikeApproval } from './alike-approval.tsx'
import { type Choice, mayChoose } from './answer-choices.ts'
import { Confirm } from './confirm.tsx'
import { useKeys } from './keyboard.ts'
import { Line } from './text.tsx'
import { Ago, TimeLeft } from './time.tsx'
import { consequence, ending } from './wording.ts'

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
  const sent = useRef(false)
  const may = (one: Choice): boolean => mayChoose(one, hold, whole)
  useKeys({
    ...(you.mayVote ? { a: () => may('approve') && setChoice('approve'), r: () => setChoice('reject') } : {}),
    Escape: () => setChoice(null),
  })
  return (
    <section class="panel answer hold-answer" aria-label="Your answer">
      <p class={`ending ending-${hold.status}`} aria-live="polite">
        {hold.status === 'pending' ? <TimeLeft until={hold.expiresAt} /> : <Line of={endingOf(hold)} />}
      </p>
      {hold.status === 'approved' && hold.grantExpiresAt !== null && (
        <p class="soft">
          The approval can be used once, and runs out: <TimeLeft until={hold.grantExpiresAt} />.
        </p>
      )}
      <Glass hold={hold} />
      <AlikeApproval of={hold.alikeApproval} />
      {choice !== null && may(choice) ? (
        <Confirm
          key={choice}
          hold={hold}
          choice={choice}
          sending={(is) => {
            sent.current = is
          }}
          done={() => setChoice(null)}
          refresh={refresh}
        />
      ) : (
        <>
          {choice !== null && !sent.current && <Meanwhile hold={hold} />}
          {hold.status === 'pending' && <p class="soft">{consequence(hold)}</p>}
          {hold.alike !== null && hold.alike.pending > 1 && (
            <p class="soft">{hold.alike.pending} wait that differ in constants only.</p>
          )}
          <Buttons hold={hold} whole={whole} showWhole={showWhole} choose={setChoice} />
        </>
      )}
    </section>
  )
}

/** Somebody was about to answer what has been answered by now: theirs did not count, and they are told whose did. */
function Meanwhile({ hold }: { readonly hold: HoldView }) {
  const { status, votes, you } = hold
  const last = votes.at(-1)
  if (you.voted !== null) return <p class="notice">You have answered this elsewhere: {you.voted}.</p>
  if (status === 'pending') return null
  const isAnswer = last !== undefined && (status === 'approved' || status === 'executed' || status === 'rejected')
  return (
    <p class="notice" role="alert">
      {isAnswer ? (
        <>
          <Line of={last.voter.name} /> {last.choice === 'approve' ? 'approved' : 'rejected'} it <Ago at={last.at} />,
          while you were here.
        </>
      ) : (
        <>It is {status} by now.</>
      )}{' '}
      Yours is not among the answers, and changes nothing.
    </p>
  )
}

interface ButtonsProps extends Pick<AnswerProps, 'hold' | 'whole' | 'showWhole'> {
  readonly choose: (choice: Choice) => void
}

const MORE: readonly (readonly [Choice, string])[] = [
  ['reviewed', 'It was all right'],
  ['disputed', 'Dispute it'],
  ['reason', 'Say why'],
  ['break_glass', 'Break the glass'],
  ['withdraw', 'Withdraw'],
  ['undo_alike', 'End it for others like it'],
]

function Buttons({ hold, whole, showWhole, choose }: ButtonsProps) {
  const { you } = hold
  const mayApprove = you.mayVote && you.whyNotApprove === null
  const more = MORE.filter(([one]) => mayChoose(one, hold, whole))
  return (
    <>
      {you.mayVote && (
        <p class="actions answer-buttons">
          {mayApprove && whole && (
            <button type="button" class="button button-primary" onClick={() => choose('approve')}>
              Approve <kbd>a</kbd>
            </button>
          )}
          {mayApprove && !whole && (
            <button type="button" class="button button-primary" onClick={showWhole}>
              Details
            </button>
          )}
          <button type="button" class="button" onClick={() => choose('reject')}>
            Reject <kbd>r</kbd>
          </button>
        </p>
      )}
      {you.whyNotApprove !== null && <p class="why-not">{you.whyNotApprove}</p>}
      {mayApprove && !whole && (
        <p class="why-not">It is not shown whole yet. Read all of it first; then you can approve it.</p>
      )}
      {!you.mayVote && hold.status === 'pending' && <p class="why-not">{you.whyNot}</p>}
      {more.length > 0 && (
        <p class="actions">
          {more.map(([one, label]) => (
            <button key={one} type="button" class="button" onClick={() => choose(one)}>
              {label}
            </button>
          ))}
        </p>
      )}
    </>
  )
}

/** Run without an answer: why, and what reviewers said of it afterwards. */
function Glass({ hold: { brokenGlass: glass } }: { readonly hold: HoldView }) {
  if (glass === null) return null
  return (
    <div class="glass">
      <p class="warning">
        The glass was broken <Ago at={glass.at} />: <Line of={glass.reason} />
      </p>
      {glass.review === null ? (
        <p class="soft">
          Nobody has reviewed it. Due: <TimeLeft until={glass.reviewDueAt} />
        </p>
      ) : (
        <p>
          <Line of={glass.review.by.name} />{' '}
          {glass.review.verdict === 'reviewed' ? 'found it all right' : 'disputes it'}
          {glass.review.reason !== null && (
            <>
              {': '}
              <Line of={glass.review.reason} />
            </>
          )}
        </p>
      )}
    </div>
  )
}

/** Nobody approved what was let through by breaking the glass. */
function endingOf(hold: HoldView): string {
  if (hold.brokenGlass === null) return ending(hold)
  return hold.outcome === null ? 'Let through without an answer.' : `Run without an answer: ${hold.outcome.tag}.`
}
