import type { PullView } from '../release-schema.ts'
import { fetchPull } from './api.ts'
import { Difference } from './difference.tsx'
import { Stale } from './inbox.tsx'
import { useKeys } from './keyboard.ts'
import { useLive } from './live.ts'
import { Changes, Commit, Elsewhere } from './release-parts.tsx'
import { go } from './route.ts'
import { Failed, Loading } from './states.tsx'
import { Line } from './text.tsx'
import { Ago } from './time.tsx'

/** What a pull request's policy would have decided otherwise: by outcome, rule, identity and fingerprint, no values. */
export function PullPage({ number }: { readonly number: number }) {
  const [live, refresh] = useLive(
    `pull ${number}`,
    () => fetchPull(number),
    () => false,
  )
  useKeys({ u: () => go('/releases') })
  document.title = `Pull request ${number} · Holdpoint`
  if (live.state === 'loading') return <Loading what="the difference" />
  if (live.state === 'failed') return <Failed problem={live.problem} again={refresh} />
  const { value: pull } = live
  return (
    <article class="release">
      <header class="release-head">
        <p class="release-back">
          <a class="back" href="/releases">
            ← Releases
          </a>
        </p>
        <h1>
          <Elsewhere to={pull.url}>Pull request #{pull.number}</Elsewhere>:{' '}
          {pull.conclusion === 'success' ? 'ready as far as this check goes' : 'not ready'}
        </h1>
        <p class="soft">
          <Commit of={pull.head} /> compared with{' '}
          {pull.release === null ? 'nothing' : <Commit of={pull.release} href={`/releases/${pull.release}`} />},{' '}
          <Ago at={pull.answeredAt} />
        </p>
        {live.stale && <Stale />}
      </header>
      {pull.reasons.length > 0 && (
        <ul class="warnings">
          {pull.reasons.map((reason) => (
            <li key={reason} class="warning">
              <Line of={reason} />
            </li>
          ))}
        </ul>
      )}
      {pull.difference === null ? (
        <section class="panel">
          <h2>What would differ</h2>
          <p class="soft">
            Nothing was replayed{pull.release === null ? ': there is no release to compare with' : ''}.
          </p>
        </section>
      ) : (
        <Difference of={pull.difference} />
      )}
      <section class="panel">
        <h2>What changes in the policies</h2>
        <Changes of={pull.changes} />
        <Built pull={pull} />
      </section>
    </article>
  )
}

function Built({ pull }: { readonly pull: PullView }) {
  return (
    <p class="soft">
      {pull.digest === null ? (
        'It does not compile.'
      ) : (
        <>
          Compiled: <code>{pull.digest}</code>.
        </>
      )}
      {pull.coverage !== null &&
        ` The repository’s own tests reach ${Math.round(pull.coverage)} % of the rules’ lines.`}
    </p>
  )
}
