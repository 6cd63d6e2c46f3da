import type { HoldView } from '../schemas.ts'
import { Line } from './text.tsx'
import { Ago, At } from './time.tsx'
import { kindOf, viaWord } from './wording.ts'

export function Votes({ hold }: { readonly hold: HoldView }) {
  return (
    <section class="panel hold-votes">
      <h2>Answers</h2>
      <ul class="places">
        {hold.reviewers.map(({ group, count, approved }) => (
          <li key={group} class="place">
            <span>
              <Line of={group} />
            </span>
            <span class="soft">
              {Math.min(approved, count)} of {count}
            </span>
          </li>
        ))}
      </ul>
      {hold.votes.length === 0 ? (
        <p class="soft">
          {hold.status === 'pending'
            ? 'Nobody has answered yet. Anyone in the group can, except whoever asked.'
            : 'Nobody answered.'}
        </p>
      ) : (
        <ol class="votes">
          {hold.votes.map((vote) => (
            <li key={vote.voter.issuer + vote.voter.subject}>
              <p>
                <strong>
                  <Line of={vote.voter.name} />
                </strong>{' '}
                {vote.choice === 'approve' ? 'approved' : 'rejected'}{' '}
                <span class="soft">
                  {viaWord(vote.via)}, <Ago at={vote.at} />
                </span>
              </p>
              {vote.reason !== null && (
                <p class="said">
                  <Line of={vote.reason} />
                </p>
              )}
            </li>
          ))}
        </ol>
      )}
      <Said hold={hold} />
    </section>
  )
}

/** What people said about it elsewhere. */
function Said({ hold }: { readonly hold: HoldView }) {
  if (hold.comments.length === 0) return null
  return (
    <>
      <h3>Said about it</h3>
      <ol class="votes">
        {hold.comments.map(({ name, known, text, at }) => (
          <li key={at + name + text}>
            <p>
              <strong>
                <Line of={name} />
              </strong>{' '}
              <span class="soft">
                {known ? '' : 'not linked, so not proven, '}
                <Ago at={at} />
              </span>
            </p>
            <p class="said">
              <Line of={text} />
            </p>
          </li>
        ))}
      </ol>
    </>
  )
}

/** What is rarely needed to decide and always needed to find it again. */
export function Record({ hold }: { readonly hold: HoldView }) {
  const { asker } = hold
  return (
    <details class="panel hold-record">
      <summary>The record</summary>
      <dl class="pairs">
        <Pair name="Asked by">
          <Line of={asker.name} /> ({kindOf(asker)}), in {asker.groups.join(', ') || 'no group'}
        </Pair>
        {asker.actsFor !== null && (
          <Pair name="On behalf of">
            <Line of={asker.actsFor.name} />, in {asker.actsFor.groups.join(', ') || 'no group'}
          </Pair>
        )}
        <Pair name="Proven by">
          <Line of={asker.issuer} />
        </Pair>
        <Pair name="Database">
          <Line of={hold.target.database} /> ({hold.target.environment})
        </Pair>
        <Pair name="Asked at">
          <At at={hold.createdAt} />
        </Pair>
        <Pair name="Answer by">
          <At at={hold.expiresAt} />
        </Pair>
        {hold.grantExpiresAt !== null && (
          <Pair name="Usable until">
            <At at={hold.grantExpiresAt} />
          </Pair>
        )}
        <Pair name="Policy">
          <code title={hold.policyDigest}>{hold.policyDigest.slice(0, 12)}</code>
          {!hold.policyReviewed && <span class="unreviewed">unreviewed</span>}
        </Pair>
        <Pair name="Digest">
          <code title={hold.digest}>{hold.digest.slice(0, 12)}</code>
        </Pair>
        <Pair name="Hold">
          <code>{hold.id}</code>
        </Pair>
      </dl>
    </details>
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
