import type pg from 'pg'
import type { GenerationalCache } from '../../generational-cache.ts'
import type { Toolchain } from '../../policies/compile.ts'
import { packPolicy, unpackPolicy } from '../../policies/packed.ts'
import { writeTrail } from '../outbox/outbox.ts'
import { inTransaction, rowsOf } from '../state/transaction.ts'
import { buildRelease, isProblem } from './build.ts'
import { changesInWords } from './changes-in-words.ts'
import { ReleaseError } from './errors.ts'
import { branch as branchShape } from './github/answers.ts'
import type { GitHubClient, GitHubConfig, KeptAnswer } from './github/client.ts'
import { writeReleaseNotice } from './notices.ts'
import { fetchPolicies } from './policy-tree.ts'
import type { Finding, Rules } from './provenance/evidence.ts'
import type { Repository } from './provenance/gather-pull.ts'
import { findRepository, verifyProvenance } from './provenance/verify.ts'
import { type FollowedBranch, findRelease, followedBranch, keepRelease, type NewRelease, packageOf } from './store.ts'

/**
 * One look at the followed branch:
 *
 *   nothing new ── nothing more is asked
 *   a commit    ── verified by its pull requests ── built and tested ── kept, recorded and in force
 *                       └──────────── refused ───────────┘ the release before it stays, and people are told
 */
export interface BranchLook {
  readonly pool: pg.Pool
  readonly client: GitHubClient
  readonly config: GitHubConfig
  readonly tools: Toolchain
  readonly blobs: GenerationalCache<string, Buffer>
  readonly now: () => number
  /** Where a person reads more; null: nowhere. */
  readonly releaseUrl: (commit: string) => string | null
}

type Problem =
  | Pick<Finding, 'check' | 'pull' | 'text'>
  | { readonly check: string; readonly pull: null; readonly text: string }
const REPO = '/repos/{owner}/{repo}'

/**
 * @param anew also looks again at a commit that was refused: rights may have been given since
 * @throws ReleaseError when GitHub cannot be asked; PolicyError opa_unavailable
 */
export async function lookAtBranch(look: BranchLook, anew: boolean): Promise<'same' | 'activated' | 'refused'> {
  const { pool, client, config, now } = look
  const followed = await followedBranch(pool)
  const [owner = '', repo = ''] = (config.repository ?? '').split('/')
  const at = { owner, repo, branch: config.branch }
  const etag = followed.problem !== null && anew ? null : followed.etag
  const answer = await client.askIfChanged(`GET ${REPO}/branches/{branch}`, at, branchShape, etag)
  if (answer === null || (answer.value.commit.sha === followed.verified && answer.value.protected)) {
    const same = answer === null ? followed.problem : null
    await rowsOf(pool, 'UPDATE followed_branch SET checked_at = $1, etag = $2, problem = $3', [
      new Date(now()),
      answer?.etag ?? followed.etag,
      same === null ? null : JSON.stringify(same),
    ])
    return 'same'
  }
  const head = answer.value.commit.sha
  const outcome = await judge(look, followed, head, answer.value.protected)
  return Array.isArray(outcome)
    ? refuse(look, { head, followed, problems: outcome, etag: answer.etag })
    : activate(look, outcome as NewRelease, { etag: answer.etag, followed })
}

async function judge(
  look: BranchLook,
  followed: FollowedBranch,
  head: string,
  isProtected: boolean,
): Promise<readonly Problem[] | NewRelease> {
  const { client, config, pool } = look
  if (!isProtected) return [{ check: 'protection', pull: null, text: `The branch ${config.branch} is not protected.` }]
  const answers: KeptAnswer[] = []
  const witness = client.witnessed(answers)
  try {
    const where = await findRepository(witness, config.repository ?? '', config.repositoryId ?? followed.repository)
    const rules = rulesOf(config, where)
    const { findings, pulls } = await verifyProvenance(witness, where, { head, active: followed.verified, rules })
    if (findings.length > 0) return findings
    using fetched = await fetchPolicies(client, where, { commit: head, folder: config.path, blobs: look.blobs })
    const built = await buildRelease(fetched.path, look.tools)
    if (isProblem(built)) return [{ check: built.check, pull: null, text: built.text }]
    const files = Object.fromEntries(fetched.files)
    const before = await sideOf(pool, followed.verified)
    const changes = changesInWords(before, { rules: built.compiled.rules, files })
    return {
      commit: head,
      repository: `${where.owner}/${where.repo}`,
      repositoryId: where.id,
      branch: config.branch,
      folder: config.path.replace(/^[./]+|\/+$/g, ''),
      digest: built.compiled.digest,
      package: packPolicy(built.compiled),
      follows: followed.verified,
      pulls,
      changes,
      files,
      answers,
    }
  } catch (error) {
    // GitHub away is no finding about the commit; a tree that cannot be used is.
    const about = error instanceof ReleaseError && ['too_large', 'tree_unusable', 'not_possible'].includes(error.code)
    if (!about) throw error
    return [{ check: error.code, pull: null, text: error.message }]
  }
}

export function rulesOf(config: GitHubConfig, where: Repository): Rules {
  const { branch, minApprovals, codeOwnersRequired, toolAddresses } = config
  return { repository: where.id, branch, minApprovals, codeOwnersRequired, toolAddresses }
}

async function sideOf(pool: pg.Pool, commit: string | null) {
  const release = commit === null ? null : await findRelease(pool, commit)
  const bytes = commit === null ? null : await packageOf(pool, commit)
  if (release === null || bytes === null) return null
  return { rules: unpackPolicy(bytes, release.digest).rules, files: release.files }
}

async function activate(
  { pool, now, releaseUrl }: BranchLook,
  release: NewRelease,
  { etag, followed }: { readonly etag: string | null; readonly followed: FollowedBranch },
): Promise<'activated' | 'same'> {
  const at = new Date(now())
  const { commit, repository, repositoryId, branch, follows, digest, pulls, changes, answers } = release
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
      pulls: pulls.map(({ number, author, reviewers, head, commit: merged }) => ({
        number,
        author,
        reviewers,
        head,
        commit: merged,
      })),
      evidence: {
        sha256,
        answers: answers.slice(0, ANSWERS_IN_TRAIL_MAX).map(({ request, sha256: of }) => ({ request, sha256: of })),
      },
    })
    const named = pulls.map(
      ({ number, title, reviewers }) => `#${number} ${title} (reviewed by ${reviewers.join(', ')})`,
    )
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

async function refuse(
  { pool, now, config, releaseUrl }: BranchLook,
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
    await client.query('UPDATE followed_branch SET head = $1, problem = $2, etag = $3, checked_at = $4', [
      head,
      JSON.stringify(problem),
      etag,
      at,
    ])
    if (told) return
    await writeTrail(client, at, 'release.refused', { commit: head, findings })
    const stays =
      followed.verified === null
        ? 'There is no policy, so nothing runs'
        : `${followed.verified.slice(0, 12)} stays in force`
    const title = `Commit ${head.slice(0, 12)} of ${config.repository} does not become the policy. ${stays}.`
    const lines = findings.map(({ check, text }) => `${check}: ${text}`)
    await writeReleaseNotice(client, { kind: 'refused', title, lines, commit: head, url: releaseUrl(head) }, at)
  })
  return 'refused'
}
