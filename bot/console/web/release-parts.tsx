import type { ComponentChildren } from 'preact'
import type { Refusal, ReleaseItem } from '../release-schema.ts'
import { Line } from './text.tsx'
import { Ago } from './time.tsx'

/** What several pages say of releases in the same way. */
export function Unreviewed() {
  return (
    <p class="notice" role="note">
      <span class="unreviewed">unreviewed</span> These policies are local files: nobody reviewed them. Production takes
      them from reviewed pull requests only.
    </p>
  )
}

/** The beginning that people recognise; all of it on hover. */
export function Commit({ of, href }: { readonly of: string; readonly href?: string }) {
  const name = <code title={of}>{of.slice(0, 12)}</code>
  return href === undefined ? name : <a href={href}>{name}</a>
}

/** To another site; the address came from the API, which makes it only of names that fit. */
export function Elsewhere({ to, children }: { readonly to: string | null; readonly children: ComponentChildren }) {
  if (to === null) return <>{children}</>
  return (
    <a href={to} target="_blank" rel="noreferrer">
      {children}
    </a>
  )
}

export function Pulls({ of }: { readonly of: ReleaseItem['pulls'] }) {
  return (
    <ul class="pulls">
      {of.map((pull) => (
        <li key={pull.number}>
          <Elsewhere to={pull.url}>
            #{pull.number} <Line of={pull.title} />
          </Elsewhere>
          <span class="soft">
            {' '}
            by <Line of={pull.author} />, <ApprovedBy pull={pull} />
          </span>
        </li>
      ))}
    </ul>
  )
}

function ApprovedBy({ pull: { reviewers, outside } }: { readonly pull: ReleaseItem['pulls'][number] }) {
  if (outside === null)
    return (
      <>
        approved by <Line of={reviewers.join(', ') || 'nobody'} />
      </>
    )
  return (
    <>
      outside <Line of={`${outside}/`} />, so no approvals were counted
    </>
  )
}

/** A looser rule than that every merge needs its approvals is never out of sight. */
export function CountedOnlyWithin({ folder }: { readonly folder: string | null }) {
  if (folder === null) return null
  return (
    <p class="notice" role="note">
      Approvals are counted only for what touches <Line of={`${folder}/`} /> or CODEOWNERS; other merges need a pull
      request, but nobody’s approval (<code>releases.github.approvalsOnlyWithin</code>).
    </p>
  )
}

export function Changes({ of }: { readonly of: readonly string[] }) {
  if (of.length === 0) return <p class="soft">Nothing that takes part in a decision changed.</p>
  return (
    <ul class="bullets">
      {of.map((change) => (
        <li key={change}>
          <Line of={change} />
        </li>
      ))}
    </ul>
  )
}

export function Refusals({ of }: { readonly of: readonly Refusal[] }) {
  return (
    <section class="inbox-section">
      <h2>
        Not activated <span class="count">{of.length}</span>
      </h2>
      <ul class="rows refusals">
        {of.map(({ commit, title, lines, at }) => (
          <li key={commit + at}>
            <p class="row-title">
              <Commit of={commit} href={`/releases/${commit}`} /> <Line of={title} />{' '}
              <span class="soft">
                <Ago at={at} />
              </span>
            </p>
            <ul class="bullets">
              {lines.map((line) => (
                <li key={line}>
                  <Line of={line} />
                </li>
              ))}
            </ul>
          </li>
        ))}
      </ul>
    </section>
  )
}
