import type { ReleaseItem, ReleasesView } from '../release-schema.ts'
import { fetchReleases } from './api.ts'
import { Stale } from './inbox.tsx'
import { moveFocus, useKeys } from './keyboard.ts'
import { useLive } from './live.ts'
import { OpenPins, PinForm, Unpin } from './pins.tsx'
import { Commit, CountedOnlyWithin, Pulls, Refusals, Unreviewed } from './release-parts.tsx'
import { Failed, Loading, Nothing } from './states.tsx'
import { Chip, Line } from './text.tsx'
import { Ago, TimeLeft } from './time.tsx'

/** Which policies are in force, how they came there, and what did not come through. */
export function ReleasesPage() {
  const [live, refresh] = useLive('releases', fetchReleases, () => false)
  useKeys({ j: () => moveFocus(1), k: () => moveFocus(-1) })
  document.title = 'Releases · Holdpoint'
  if (live.state === 'loading') return <Loading what="the releases" />
  if (live.state === 'failed') return <Failed problem={live.problem} again={refresh} />
  const { value: view } = live
  const { releases, refusals, pins, you } = view
  return (
    <>
      <div class="inbox-head">
        <h1>Releases</h1>
        {view.checkedAt !== null && (
          <p class="soft">
            Branch looked at <Ago at={view.checkedAt} />
          </p>
        )}
      </div>
      {live.stale && <Stale />}
      {!view.reviewed && <Unreviewed />}
      <Problem view={view} />
      <Failure view={view} />
      <InForce view={view} refresh={refresh} />
      {pins.length > 0 && <OpenPins pins={pins} mayConfirm={you.mayPin} refresh={refresh} />}
      {releases.length === 0 ? (
        <Nothing title="No release yet">
          {view.reviewed
            ? 'A release appears here once a commit of the followed branch has passed every check. holdpoint doctor says what is missing.'
            : 'Production follows a branch on GitHub; set releases.github.repository to begin.'}
        </Nothing>
      ) : (
        <section class="inbox-section">
          <h2>
            Verified <span class="count">{releases.length}</span>
          </h2>
          <ul class="rows">
            {releases.map((one) => (
              <li key={one.commit}>
                <ReleaseRow release={one} inForce={one.commit === view.inForce} />
              </li>
            ))}
          </ul>
        </section>
      )}
      {refusals.length > 0 && <Refusals of={refusals} />}
      {you.mayPin && releases.length > 1 && <PinForm releases={releases} refresh={refresh} />}
    </>
  )
}

function Problem({ view: { problem } }: { readonly view: ReleasesView }) {
  if (problem === null) return null
  return (
    <section class="warning release-problem" aria-label="Not activated" role="status">
      <h2>
        The branch’s last commit <Commit of={problem.commit} /> is not in force
      </h2>
      <p class="soft">
        Since <Ago at={problem.since} />; the last good release stays until this is mended.
      </p>
      <ul class="bullets">
        {problem.findings.map(({ check, text }) => (
          <li key={check + text}>
            <Chip>{check.replaceAll('_', ' ')}</Chip> <Line of={text} />
          </li>
        ))}
      </ul>
      {problem.mending.length > 0 && (
        <>
          <p>What brings it back:</p>
          <ul class="bullets">
            {problem.mending.map((step) => (
              <li key={step}>
                <Line of={step} />
              </li>
            ))}
          </ul>
        </>
      )}
    </section>
  )
}

function Failure({ view: { failure } }: { readonly view: ReleasesView }) {
  if (failure === null) return null
  return (
    <section class="warning release-problem" aria-label="Not looked at" role="status">
      <h2>The branch of the policies cannot be looked at</h2>
      <p>
        <Line of={failure.text} />, since <Ago at={failure.since} />; the release in force stays.
      </p>
      {failure.hint !== null && (
        <p>
          <Line of={failure.hint} />
        </p>
      )}
    </section>
  )
}

function InForce({ view, refresh }: { readonly view: ReleasesView; readonly refresh: () => void }) {
  const release = view.releases.find(({ commit }) => commit === view.inForce)
  if (release === undefined) return null
  return (
    <section class="panel release-now" aria-label="In force">
      <h2>In force</h2>
      <p class="release-title">
        <Commit of={release.commit} href={`/releases/${release.commit}`} />{' '}
        <span class="soft">
          <Line of={release.repository} />, branch <Line of={release.branch} />, verified{' '}
          <Ago at={release.verifiedAt} />
        </span>
      </p>
      <Pulls of={release.pulls} />
      <CountedOnlyWithin folder={release.approvalsOnlyWithin} />
      {view.pinnedUntil !== null && (
        <p class="warning">
          Pinned to this earlier release: <TimeLeft until={view.pinnedUntil} />{' '}
          {view.you.mayPin && <Unpin refresh={refresh} />}
        </p>
      )}
    </section>
  )
}

function ReleaseRow({ release, inForce }: { readonly release: ReleaseItem; readonly inForce: boolean }) {
  const reviewers = [...new Set(release.pulls.flatMap((pull) => pull.reviewers))]
  return (
    <a class="row" href={`/releases/${release.commit}`} data-row={release.commit}>
      <span class="row-what">
        <span class="row-title">
          <Commit of={release.commit} /> <Line of={titleOf(release)} /> {inForce && <Chip tone="strong">in force</Chip>}
        </span>
        <span class="row-why">
          <Line of={release.changes.slice(0, 2).join(' ')} />
          {release.changes.length > 2 && ` and ${release.changes.length - 2} more`}
        </span>
      </span>
      <span class="row-side">
        <span>
          <Ago at={release.verifiedAt} />
        </span>
        <span class="soft">
          {reviewers.length === 0 && release.pulls.every(({ outside }) => outside !== null) ? (
            'no approvals counted'
          ) : (
            <>
              reviewed by <Line of={reviewers.join(', ') || 'nobody'} />
            </>
          )}
        </span>
      </span>
    </a>
  )
}

function titleOf({ pulls }: ReleaseItem): string {
  const [pull] = pulls
  return pull === undefined ? 'without a pull request' : `#${pull.number} ${pull.title}`
}
