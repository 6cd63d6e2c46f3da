import { ReleaseError } from '../errors.ts'
import { gitCommit, listedPull, repository as repositoryShape } from '../github/answers.ts'
import type { GitHubClient } from '../github/client.ts'
import type { ChainCommit, Finding, PullNamed, Rules, VerifiedPull } from './evidence.ts'
import { gatherMerge, gatherNamed, mergeBaseOf, type Repository } from './gather-pull.ts'
import { type PolicyParts, policyPartsOf } from './policy-part.ts'
import { belongsTo, type JudgedMerge, judgeMerge, judgeOther, type Section, sectionsOf } from './provenance.ts'

/**
 * Whether a commit may become the policy: every first-parent commit since the one that is active came from a merged
 * pull request into this branch of this repository, and was reviewed as it was merged. Only where approvalsOnlyWithin
 * says so, a merge that changed nothing in that folder, nor of who owns it, has to be one and no more.
 *
 *   head ──parent──▶ … ──parent──▶ active
 *   └─ cut into merges, each judged by itself
 */
export interface Provenance {
  readonly findings: readonly Finding[]
  /** Newest first. */
  readonly pulls: readonly VerifiedPull[]
}

const REPO = '/repos/{owner}/{repo}'
/** More merges at once are no ordinary day, and each costs a dozen calls. */
const CHAIN_MAX = 200
const PULLS_MAX = 100

export interface VerifyOptions {
  readonly head: string
  /** null: nothing was ever verified here, and the first release rests on its own pull request alone. */
  readonly active: string | null
  readonly rules: Rules
  /** Judges every merge whole: what is active is not of this folder, so what changed it is not known. */
  readonly whole?: boolean
}

export async function verifyProvenance(
  client: GitHubClient,
  where: Repository,
  { head, active, rules, whole = false }: VerifyOptions,
): Promise<Provenance> {
  const chain = await chainOf(client, where, { head, active })
  if (chain === null) {
    const text = `Commit ${active?.slice(0, 12)}, which is active, is not behind ${head.slice(0, 12)}: history was rewritten.`
    return { findings: [{ check: 'history', commit: head, pull: null, text }], pulls: [] }
  }
  const sections = sectionsOf(chain, rules)
  if ('check' in sections) return { findings: [sections], pulls: [] }
  const judged: JudgedMerge[] = []
  const { approvalsOnlyWithin: within } = rules
  const partsAt = within === null || whole || active === null ? null : policyPartsOf(client, where, within)
  for (const section of sections) {
    const other = partsAt === null ? null : await gatherOther(client, where, section, partsAt)
    judged.push(
      other === null ? judgeMerge(await gatherMerge(client, where, section), rules) : judgeOther(section, other, rules),
    )
  }
  return { findings: judged.flatMap(({ findings }) => findings), pulls: judged.map(({ verified }) => verified) }
}

/** @returns null when its merge, or what its reviewers saw, changes something of the policies */
async function gatherOther(
  client: GitHubClient,
  where: Repository,
  { commits, pull: number }: Section,
  partsAt: PolicyParts,
): Promise<PullNamed | null> {
  const [before, after] = [commits.at(-1)?.parents[0], commits[0]?.sha]
  if (before === undefined || after === undefined) return null
  if ((await partsAt(before)) !== (await partsAt(after))) return null
  const pull = await gatherNamed(client, where, number)
  const base = await mergeBaseOf(client, where, before, pull.head)
  return (await partsAt(base)) === (await partsAt(pull.head)) ? pull : null
}

/** @returns newest first, without `active`; null when it is not among the first parents of `head` */
async function chainOf(
  client: GitHubClient,
  { id: _, ...at }: Repository,
  { head, active }: { readonly head: string; readonly active: string | null },
): Promise<readonly ChainCommit[] | null> {
  const chain: ChainCommit[] = []
  for (let sha: string | undefined = head; sha !== active; ) {
    if (sha === undefined) return active === null ? chain : null
    if (chain.length >= CHAIN_MAX)
      throw new ReleaseError('too_large', `More than ${CHAIN_MAX} commits came since ${active?.slice(0, 12)}`, {
        hint: `Move the branch back to one of the first ${CHAIN_MAX}, and forward again when that is in force`,
      })
    const commit = await chainCommit(client, at, sha)
    if (active === null && isBeyondFirst(chain, commit)) return chain
    chain.push(commit)
    sha = commit.parents[0]
  }
  return chain
}

function isBeyondFirst(chain: readonly ChainCommit[], commit: ChainCommit): boolean {
  const [newest] = chain
  if (newest === undefined) return false
  const own = newest.pulls.find(({ mergeCommit }) => mergeCommit === newest.sha)
  return own === undefined || newest.parents.length > 1 || !belongsTo(commit, own.number)
}

async function chainCommit(client: GitHubClient, at: Omit<Repository, 'id'>, sha: string): Promise<ChainCommit> {
  const of = { ...at, commit_sha: sha }
  const commit = await client.ask(`GET ${REPO}/git/commits/{commit_sha}`, of, gitCommit)
  if (commit.sha !== sha)
    throw new ReleaseError('github_nonsense', 'GitHub answers with another commit than was asked for')
  const pulls = await client.askAll(`GET ${REPO}/commits/{commit_sha}/pulls`, of, listedPull, PULLS_MAX)
  return {
    sha,
    parents: commit.parents.map((parent) => parent.sha),
    pulls: pulls.map(({ number, merge_commit_sha, merged_at, base }) => ({
      number,
      mergeCommit: merge_commit_sha,
      mergedAt: merged_at === null ? null : Date.parse(merged_at),
      branch: base.ref,
      repository: base.repo?.id ?? null,
    })),
  }
}

/**
 * The repository by its number, whatever it is called now: a name can be given up and taken by somebody else.
 * @throws ReleaseError not_possible when the name leads to another repository than it once did
 */
export async function findRepository(client: GitHubClient, name: string, known: number | null): Promise<Repository> {
  const [owner = '', repo = ''] = name.split('/')
  const found = await client.ask(`GET ${REPO}`, { owner, repo }, repositoryShape)
  if (known !== null && found.id !== known)
    throw new ReleaseError('not_possible', `${name} is another repository than the one that was followed until now`, {
      hint: `Set releases.github.repositoryId to ${found.id} if that is meant; it goes on from the release in force, so its branch has to have that commit`,
    })
  const [ownerNow = '', repoNow = ''] = found.full_name.split('/')
  if (found.archived)
    throw new ReleaseError('not_possible', `${found.full_name} is archived: nothing can be merged there any more`, {
      hint: 'End that on GitHub, or set releases.github.repository to where the policies are now',
    })
  return { id: found.id, owner: ownerNow, repo: repoNow }
}
