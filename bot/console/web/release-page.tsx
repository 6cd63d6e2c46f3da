import type { ReleaseView } from '../release-schema.ts'
import { fetchRelease } from './api.ts'
import { ReleasesChild } from './release-head.tsx'
import { Changes, Commit, Elsewhere, Pulls, Refusals } from './release-parts.tsx'
import { Chip, Line } from './text.tsx'
import { At } from './time.tsx'

/** One release: what it changed, who stands for it, and what proves that. */
export function ReleasePage({ commit }: { readonly commit: string }) {
  return (
    <ReleasesChild
      title={`Release ${commit.slice(0, 12)}`}
      what="the release"
      name={`release ${commit}`}
      fetch={() => fetchRelease(commit)}
      head={(view) => <Head view={view} commit={commit} />}
    >
      {(view) => (
        <>
          {view.release !== null && <Release release={view.release} />}
          {view.refusals.length > 0 && <Refusals of={view.refusals} />}
          {view.pins.length > 0 && <Pins of={view.pins} />}
          {view.release !== null && <Proof view={view} />}
        </>
      )}
    </ReleasesChild>
  )
}

function Head({ view: { release, inForce }, commit }: { readonly view: ReleaseView; readonly commit: string }) {
  return (
    <>
      <h1>
        {release === null ? 'Commit' : 'Release'} <Commit of={release?.commit ?? commit} />{' '}
        {inForce && <Chip tone="strong">in force</Chip>}
      </h1>
      {release === null && <p class="warning">It never became a release: it was not activated.</p>}
    </>
  )
}

function Release({ release }: { readonly release: NonNullable<ReleaseView['release']> }) {
  return (
    <>
      <section class="panel">
        <h2>What changed</h2>
        <Changes of={release.changes} />
      </section>
      <section class="panel">
        <h2>Who stands for it</h2>
        {release.pulls.length === 0 ? <p class="soft">No pull request.</p> : <Pulls of={release.pulls} />}
      </section>
      <section class="panel">
        <h2>Where it is from</h2>
        <dl class="pairs">
          <Pair name="Repository">
            <Line of={release.repository} />, branch <Line of={release.branch} />
          </Pair>
          <Pair name="Commit">
            <Elsewhere to={release.url}>
              <code>{release.commit}</code>
            </Elsewhere>
          </Pair>
          <Pair name="Compiled">
            <code>{release.digest}</code>
          </Pair>
          <Pair name="Follows">
            {release.follows === null ? (
              'nothing: it is the first'
            ) : (
              <Commit of={release.follows} href={`/releases/${release.follows}`} />
            )}
          </Pair>
          <Pair name="Verified">
            <At at={release.verifiedAt} />
          </Pair>
          {release.counted !== null && (
            <Pair name="Approvals">
              <Line of={release.counted} />
            </Pair>
          )}
        </dl>
      </section>
    </>
  )
}

function Pins({ of }: { readonly of: ReleaseView['pins'] }) {
  return (
    <section class="panel">
      <h2>Pins</h2>
      <ul class="bullets">
        {of.map((pin) => (
          <li key={pin.id}>
            Asked for by <Line of={pin.requestedBy} /> at <At at={pin.requestedAt} />: <Line of={pin.reason} />
            {pin.confirmedAt === null ? (
              <span class="soft"> Nobody confirmed it.</span>
            ) : (
              <>
                {' '}
                Confirmed by <Line of={pin.confirmedBy ?? ''} /> at <At at={pin.confirmedAt} />.
              </>
            )}
            {pin.endedAt !== null && (
              <>
                {' '}
                Ended{' '}
                {pin.endedBy === null ? (
                  'when its time was up'
                ) : (
                  <>
                    by <Line of={pin.endedBy} />
                  </>
                )}{' '}
                at <At at={pin.endedAt} />.
              </>
            )}
          </li>
        ))}
      </ul>
    </section>
  )
}

/** For an auditor: what GitHub said, and what the policy was made of. */
function Proof({ view: { release, evidence, files } }: { readonly view: ReleaseView }) {
  return (
    <>
      <details class="panel">
        <summary>
          Evidence: {evidence.length} {evidence.length === 1 ? 'answer' : 'answers'} of GitHub
        </summary>
        <p class="soft">
          Kept word by word. This hash stands for all of them: <code>{release?.evidence}</code>
        </p>
        <Hashes of={evidence.map(({ request, sha256 }) => [request, sha256])} />
      </details>
      <details class="panel">
        <summary>
          {files.length} {files.length === 1 ? 'file' : 'files'}
        </summary>
        <Hashes of={files.map(({ path, blob }) => [path, blob])} />
      </details>
    </>
  )
}

function Hashes({ of }: { readonly of: readonly (readonly [string, string])[] }) {
  return (
    <ul class="hashes">
      {of.map(([name, hash], at) => (
        <li key={at}>
          <span>
            <Line of={name} />
          </span>
          <code title={hash}>{hash.slice(0, 16)}</code>
        </li>
      ))}
    </ul>
  )
}

function Pair({ name, children }: { readonly name: string; readonly children: preact.ComponentChildren }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  )
}
