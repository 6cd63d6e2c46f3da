import { useState } from 'preact/hooks'
import { ApiProblem, confirmSlackLink, fetchSlackLink } from './api.ts'
import { useLive } from './live.ts'
import { Failed, Loading, Nothing } from './states.tsx'
import { Line } from './text.tsx'

/** Says exactly who becomes linked to whom before anything is linked: the link may have been sent by someone else. */
export function SlackLink({ code }: { readonly code: string }) {
  const [link, refresh] = useLive(
    code,
    () => fetchSlackLink(code),
    () => false,
  )
  const [done, setDone] = useState(false)
  const [problem, setProblem] = useState<ApiProblem | null>(null)
  document.title = 'Link Slack · Holdpoint'
  if (done)
    return (
      <Nothing well title="Linked">
        Your answers in Slack now count as yours. You can close this page.
      </Nothing>
    )
  if (problem !== null) return <Failed problem={problem} again={() => setProblem(null)} />
  if (link.state === 'loading') return <Loading what="the link" />
  if (link.state === 'failed') return <Failed problem={link.problem} again={refresh} />
  const confirm = (): void => {
    confirmSlackLink(code).then(
      () => setDone(true),
      (error: unknown) =>
        setProblem(
          error instanceof ApiProblem
            ? error
            : new ApiProblem({ status: 0, code: 'internal', detail: 'This did not work.' }),
        ),
    )
  }
  return (
    <section class="narrow">
      <h1>Answer from Slack?</h1>
      <dl class="pairs">
        <div>
          <dt>You are</dt>
          <dd>
            <strong>
              <Line of={link.value.you} />
            </strong>
          </dd>
        </div>
        <div>
          <dt>In Slack</dt>
          <dd>
            <strong>
              <Line of={link.value.userName} />
            </strong>{' '}
            <span class="soft">
              user <code>{link.value.userId}</code> in workspace <code>{link.value.teamId}</code>
            </span>
          </dd>
        </div>
      </dl>
      <p>From then on, what this Slack user answers counts as your answer. Confirm only if that is you.</p>
      <p class="actions">
        <button type="button" class="button button-primary" onClick={confirm}>
          Yes, that is me
        </button>
        <a class="button" href="/">
          Not me
        </a>
      </p>
    </section>
  )
}
