import type pg from 'pg'
import { writeTrail } from '../outbox/outbox.ts'
import { inTransaction } from '../state/transaction.ts'
import { approvedBy } from './approved-by.ts'
import type { GitHubConfig } from './github/client.ts'
import { mendingOf } from './mending.ts'
import { writeReleaseNotice } from './notices.ts'
import type { Finding } from './provenance/evidence.ts'
import { type FollowedBranch, keepRelease, type NewRelease } from './store.ts'

/** What a look at the branch came to, written in one transaction with what people and the trail are told. */
export interface Settling {
  readonly pool: pg.Pool
  readonly config: GitHubConfig
  readonly now: () => number
  readonly releaseUrl: (commit: string) => string | null
}

export type Problem =
  | Pick<Finding, 'check' | 'pull' | 'text'>
  | { readonly check: string; readonly pull: number | null; readonly text: string }

export async function activate(
  { pool, now, releaseUrl }: Settling,
  release: NewRelease,
  { etag, followed }: { readonly etag: string | null; readonly followed: FollowedBranch },
): Promise<'activated' | 'same'> {
  const at = new Date(now())
  const { commit, repository, repositoryId, branch, follows, digest, pulls, changes, rules, answers } = release
  return inTransaction(pool, async (client) => {
    const sha256 = await keepRelease(client, release, at)
    // Another process may have been faster: then this one has nothing to say.
    const moved = await client.query(
      `UPDATE followed_branch SET verified = $1, head = $1, repository = $2, etag = $3, checked_at = $4, problem = NULL
       WHERE verified IS NOT DISTINCT FROM $5`,
      [commit, repositoryId, etag, at, followed.verified],
    )
    if (moved.rowCount === 0) return 'same'
    await writeTrail(client, at, 'release.verified', {
      commit,
      repository,
      repositoryId,
      branch,
      follows,
      policy: digest,
      rules,
      pulls: pulls.map(({ title: _, ...pull }) => pull),
      evidence: {
        sha256,
        answers: answers.slice(0, ANSWERS_IN_TRAIL_MAX).map(({ request, sha256: of }) => ({ request, sha256: of })),
      },
    })
    // Only other things in the repository changed: nobody has to be told, but of the end of a trouble.
    if (pulls.every(({ outside }) => outside !== undefined) && followed.problem === null) return 'activated'
    const named = pulls.map(({ number, title, ...pull }) => `#${number} ${title} (${approvedBy(pull)})`)
    const pinned = followed.pinned === null ? '' : ' It takes effect when the pin of an earlier release ends.'
    await writeReleaseNotice(
      client,
      {
        kind: 'activated',
        title: `A new policy is in force: ${repository} at ${commit.slice(0, 12)}.${pinned}`,
        lines: [...named, ...changes],
        commit,
        url: releaseUrl(commit),
      },
      at,
    )
    return 'activated'
  })
}

/** A record of the trail has a bound; the hash over all of them stands for the rest. */
const ANSWERS_IN_TRAIL_MAX = 500

export async function refuse(
  { pool, now, config, releaseUrl }: Settling,
  refusal: {
    readonly head: string
    readonly followed: FollowedBranch
    readonly problems: readonly Problem[]
    readonly etag: string | null
  },
): Promise<'refused'> {
  const { head, followed, etag } = refusal
  const at = new Date(now())
  const findings = refusal.problems.map(({ check, pull, text }) => ({ check, pull, text }))
  const told =
    followed.problem?.commit === head && JSON.stringify(followed.problem.findings) === JSON.stringify(findings)
  const problem = { commit: head, findings, since: told ? followed.problem?.since : at.toISOString() }
  await inTransaction(pool, async (client) => {
    const noted = await client.query(
      `UPDATE followed_branch SET head = $1, problem = $2, etag = $3, checked_at = $4
       WHERE verified IS NOT DISTINCT FROM $5`,
      [head, JSON.stringify(problem), etag, at, followed.verified],
    )
    // Told before, or another process has put a newer release in force since this one began to look.
    if (told || noted.rowCount === 0) return
    await writeTrail(client, at, 'release.refused', { commit: head, findings })
    const stays =
      followed.verified === null
        ? 'There is no policy, so nothing runs'
        : `${followed.verified.slice(0, 12)} stays in force`
    const title = `Commit ${head.slice(0, 12)} of ${config.repository} does not become the policy. ${stays}.`
    const what = mendingOf({ commit: head, findings }, { branch: config.branch, verified: followed.verified })
    const lines = [...findings.map(({ check, text }) => `${check}: ${text}`), ...what]
    await writeReleaseNotice(client, { kind: 'refused', title, lines, commit: head, url: releaseUrl(head) }, at)
  })
  return 'refused'
}
