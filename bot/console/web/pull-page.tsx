import type { PullView } from '../release-schema.ts'
import { fetchPull } from './api.ts'
import { Difference } from './difference.tsx'
import { ReleasesChild } from './release-head.tsx'
import { Changes, Commit, Elsewhere } from './release-parts.tsx'
import { Line } from './text.tsx'
import { Ago } from './time.tsx'

/** What a pull request's policy would have decided otherwise: by outcome, rule, identity and fingerprint, no values. */
export function PullPage({ number }: { readonly number: number }) {
  return (
    <ReleasesChild
      title={`Pull request ${number}`}
      what="the difference"
      name={`pull ${number}`}
      fetch={() => fetchPull(number)}
      head={(pull) => <Head pull={pull} />}
    >
      {(pull) => (
        <>
          {pull.reasons.length > 0 && <Reasons of={pull.reasons} />}
          {pull.difference === null ? <NotReplayed pull={pull} /> : <Difference of={pull.difference} />}
          <section class="panel">
            <h2>What changes in the policies</h2>
            <Changes of={pull.changes} />
            <Built pull={pull} />
          </section>
        </>
      )}
    </ReleasesChild>
  )
}

function Head({ pull }: { readonly pull: PullView }) {
  return (
    <>
      <h1>
        <Elsewhere to={pull.url}>Pull request #{pull.number}</Elsewhere>:{' '}
        {pull.conclusion === 'success' ? 'ready as far as this check goes' : 'not ready'}
      </h1>
      <p class="soft">
        <Commit of={pull.head} /> compared with{' '}
        {pull.release === null ? 'nothing' : <Commit of={pull.release} href={`/releases/${pull.release}`} />},{' '}
        <Ago at={pull.answeredAt} />
      </p>
    </>
  )
}

function Reasons({ of }: { readonly of: readonly string[] }) {
  return (
    <ul class="warnings">
      {of.map((reason) => (
        <li key={reason} class="warning">
          <Line of={reason} />
        </li>
      ))}
    </ul>
  )
}

function NotReplayed({ pull: { release } }: { readonly pull: PullView }) {
  return (
    <section class="panel">
      <h2>What would differ</h2>
      <p class="soft">Nothing was replayed{release === null ? ': there is no release to compare with' : ''}.</p>
    </section>
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
