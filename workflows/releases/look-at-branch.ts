import type pg from 'pg'
import type { GenerationalCache } from '../../generational-cache.ts'
import type { Toolchain } from '../../policies/compile.ts'
import { packPolicy, unpackPolicy } from '../../policies/packed.ts'
import { plainFolder } from '../../release-settings.ts'
import { rowsOf } from '../state/transaction.ts'
import { buildRelease, isProblem } from './build.ts'
import { changesInWords } from './changes-in-words.ts'
import { ReleaseError } from './errors.ts'
import { branch as branchShape } from './github/answers.ts'
import type { GitHubClient, GitHubConfig, KeptAnswer } from './github/client.ts'
import { fetchPolicies } from './policy-tree.ts'
import type { KeptRules, Rules } from './provenance/evidence.ts'
import type { Repository } from './provenance/gather-pull.ts'
import { findRepository, verifyProvenance } from './provenance/verify.ts'
import { activate, type Problem, refuse } from './settle-branch.ts'
import { type FollowedBranch, findRelease, followedBranch, type NewRelease, packageOf } from './store.ts'

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
  // Whether it is still that repository is asked now and then, though nothing moved.
  if (anew) await findRepository(client, config.repository ?? '', config.repositoryId ?? followed.repository)
  // Now and then without, since a 304 that is wrong would hide every commit and that the protection is gone.
  const etag = anew ? null : followed.etag
  const answer = await client
    .askIfChanged(`GET ${REPO}/branches/{branch}`, at, branchShape, etag)
    .catch(lostBranch(config))
  if (answer !== null && answer.value.name !== config.branch) throw renamedBranch(config.branch, answer.value.name)
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

/** GitHub's word for what was deleted and for what we may not see is the same. */
const lostBranch =
  ({ branch, repository }: GitHubConfig) =>
  (error: unknown): never => {
    if (!(error instanceof ReleaseError) || error.status !== 404) throw error
    throw new ReleaseError('github_refused', `GitHub shows no branch ${branch} of ${repository}`, {
      cause: error,
      hint: `Either ${branch} was deleted, or the repository was deleted, made private or moved to where the app or the token may not look. Bring it back, give access, or set releases.github.branch; whoever has a clone can push it again`,
    })
  }

/** GitHub sends who asks by the old name to the new one; people chose the old one in our configuration. */
function renamedBranch(branch: string, now: string): ReleaseError {
  return new ReleaseError('not_possible', `The branch ${branch} is called ${now} by now`, {
    hint: `Set releases.github.branch to ${now}, if that is meant to be the policies' branch`,
  })
}

async function judge(
  look: BranchLook,
  followed: FollowedBranch,
  head: string,
  isProtected: boolean,
): Promise<readonly Problem[] | NewRelease> {
  const { client, config, pool } = look
  if (!isProtected) return [{ check: 'protection', pull: null, text: `The branch ${config.branch} is not protected` }]
  const answers: KeptAnswer[] = []
  const witness = client.witnessed(answers)
  try {
    const where = await findRepository(witness, config.repository ?? '', config.repositoryId ?? followed.repository)
    const rules = rulesOf(config, where)
    const { verified: active } = followed
    const sameFolder = (await folderOf(pool, active)) === rules.folder
    const { findings, pulls } = await verifyProvenance(witness, where, { head, active, rules, whole: !sameFolder })
    if (findings.length > 0) return findings
    using fetched = await fetchPolicies(client, where, { commit: head, folder: config.path, blobs: look.blobs })
    const built = await buildRelease(fetched.path, look.tools)
    if (isProblem(built)) return [{ check: built.check, pull: null, text: built.text }]
    const last = pulls.find(({ reviewers }) => reviewers.length > 0)?.number
    if (config.replayRequired && last !== undefined && !(await wasReplayed(pool, last, built.compiled.digest)))
      return [{ check: 'replay', pull: last, text: NOT_REPLAYED }]
    const files = Object.fromEntries(fetched.files)
    const before = await sideOf(pool, followed.verified)
    const changes = changesInWords(before, { rules: built.compiled.rules, files })
    return {
      commit: head,
      repository: `${where.owner}/${where.repo}`,
      repositoryId: where.id,
      branch: config.branch,
      folder: rules.folder,
      rules: keptRules(rules),
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
    const text = error.hint === undefined ? error.message : `${error.message}. ${error.hint}`
    return [{ check: error.code, pull: null, text }]
  }
}

export function rulesOf(config: GitHubConfig, where: Repository): Rules {
  const { branch, minApprovals, codeOwnersRequired, toolAddresses, path, approvalsOnlyWithin: within } = config
  return {
    ...{ repository: where.id, branch, folder: plainFolder(path), minApprovals, codeOwnersRequired, toolAddresses },
    approvalsOnlyWithin: within === undefined ? null : plainFolder(within),
  }
}

const keptRules = ({ minApprovals, codeOwnersRequired, approvalsOnlyWithin }: Rules): KeptRules => ({
  minApprovals,
  codeOwnersRequired,
  approvalsOnlyWithin,
})

async function folderOf(pool: pg.Pool, release: string | null): Promise<string | null> {
  const [row] = await rowsOf<{ folder: string }>(pool, 'SELECT folder FROM release WHERE commit = $1', [release])
  return row?.folder ?? null
}

const NOT_REPLAYED =
  'What was built is not what was replayed in its pull request, or its check failed. Open another one, and wait for its check.'

/** Whether its pull request was answered with success for exactly this policy. */
async function wasReplayed(pool: pg.Pool, number: number, digest: string): Promise<boolean> {
  const rows = await rowsOf(
    pool,
    "SELECT FROM pull_answer WHERE number = $1 AND digest = $2 AND conclusion = 'success'",
    [number, digest],
  )
  return rows.length > 0
}

async function sideOf(pool: pg.Pool, commit: string | null) {
  const release = commit === null ? null : await findRelease(pool, commit)
  const bytes = commit === null ? null : await packageOf(pool, commit)
  if (release === null || bytes === null) return null
  return { rules: unpackPolicy(bytes, release.digest).rules, files: release.files }
}
