import { packPolicy, unpackPolicy } from '../../../policies/packed.ts'
import { writeTrail } from '../../outbox/outbox.ts'
import { inTransaction, rowsOf } from '../../state/transaction.ts'
import { compileRelease, isProblem } from '../build.ts'
import { changesInWords } from '../changes-in-words.ts'
import { ReleaseError } from '../errors.ts'
import { branch as branchShape, comparison, listedPull } from '../github/answers.ts'
import type { BranchLook } from '../look-at-branch.ts'
import { fetchPolicies } from '../policy-tree.ts'
import type { Repository } from '../provenance/gather-pull.ts'
import { findRepository } from '../provenance/verify.ts'
import { followedBranch, packageOf, type Release, releaseInForce } from '../store.ts'
import { finishCheck, startCheck, writeComment } from './on-github.ts'
import { type PullAnswer, pullComment } from './pull-comment.ts'
import { replayApart } from './replay-apart.ts'
import { passedLimits, thresholdsIn } from './thresholds.ts'

/**
 * Answers every open pull request into the followed branch: its head is built, recorded decisions are replayed by it and
 * by the release in force, and what would differ is written into one comment and one check. Answered again when the
 * head, the branch or the release in force is another.
 */
interface Listed {
  readonly number: number
  readonly head: string
}

interface Kept {
  readonly head: string
  readonly branch_head: string
  readonly release: string | null
  readonly comment: string | null
}

const OPEN_MAX = 200
/** One push to the branch makes every answer old; so many are renewed in a round, the rest in the next. */
const ANSWERED_PER_ROUND_MAX = 10
const REPO = '/repos/{owner}/{repo}'

/** @throws ReleaseError when GitHub cannot be asked */
export async function answerPulls(look: BranchLook): Promise<void> {
  const { client, config, pool, now } = look
  const { repository: known } = await followedBranch(pool)
  const where = await findRepository(client, config.repository ?? '', config.repositoryId ?? known)
  const { id: _, ...at } = where
  const listed = await client.askAll(
    `GET ${REPO}/pulls`,
    { ...at, state: 'open', base: config.branch },
    listedPull,
    OPEN_MAX,
  )
  if (listed.length === 0) return
  const { commit } = await client.ask(`GET ${REPO}/branches/{branch}`, { ...at, branch: config.branch }, branchShape)
  const active = await releaseInForce(pool, new Date(now()))
  let answered = 0
  for (const { number, head } of listed) {
    const [kept] = await rowsOf<Kept>(pool, 'SELECT * FROM pull_answer WHERE number = $1', [number])
    const same = kept?.head === head.sha && kept.branch_head === commit.sha && kept.release === (active?.commit ?? null)
    if (same || answered++ >= ANSWERED_PER_ROUND_MAX) continue
    await answerOne(look, where, {
      pull: { number, head: head.sha },
      branchHead: commit.sha,
      active,
      comment: kept?.comment ?? null,
    })
  }
}

interface Asked {
  readonly pull: Listed
  readonly branchHead: string
  readonly active: Release | null
  readonly comment: string | null
}

async function answerOne(look: BranchLook, where: Repository, asked: Asked): Promise<void> {
  const { client, pool, now } = look
  const { pull, branchHead, active } = asked
  const url = look.releaseUrl(`pulls/${pull.number}`) ?? ''
  const check = await startCheck(client, where, { head: pull.head, url })
  const answer = await judgePull(look, where, asked)
  const comment = await writeComment(client, where, {
    number: pull.number,
    known: asked.comment,
    body: pullComment(answer, url),
  })
  await finishCheck(client, where, check, { answer, url })
  const at = new Date(now())
  const { head, digest, conclusion, reasons } = answer
  await inTransaction(pool, async (connection) => {
    await connection.query(
      `INSERT INTO pull_answer (number, head, branch_head, release, digest, conclusion, answer, comment, answered_at)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
       ON CONFLICT (number) DO UPDATE SET head = $2, branch_head = $3, release = $4, digest = $5, conclusion = $6,
         answer = $7, comment = $8, answered_at = $9`,
      [pull.number, head, branchHead, active?.commit ?? null, digest, conclusion, JSON.stringify(answer), comment, at],
    )
    await writeTrail(connection, at, 'pull.answered', { number: pull.number, head, digest, conclusion, reasons })
  })
}

async function judgePull(
  look: BranchLook,
  where: Repository,
  { pull, branchHead, active }: Asked,
): Promise<PullAnswer> {
  const { client, config, pool, tools, blobs, now } = look
  const nothing = {
    head: pull.head,
    branchHead,
    release: active?.commit ?? null,
    digest: null,
    changes: [],
    coverage: null,
    tests: null,
    difference: null,
  }
  const failed = (reasons: readonly string[]): PullAnswer => ({ ...nothing, conclusion: 'failure', reasons })
  try {
    const basehead = `${branchHead}...${pull.head}`
    const { behind_by: behind } = await client.ask(
      `GET ${REPO}/compare/{basehead}`,
      { owner: where.owner, repo: where.repo, basehead, per_page: 1 },
      comparison,
    )
    using fetched = await fetchPolicies(client, where, { commit: pull.head, folder: config.path, blobs })
    const built = await compileRelease(fetched.path, tools)
    if (isProblem(built)) return failed([`${built.check}: ${built.text}`])
    const bytes = active === null ? null : await packageOf(pool, active.commit)
    const before = active === null || bytes === null ? null : unpackPolicy(bytes, active.digest)
    const limits = thresholdsIn(before?.data ?? null)
    const difference =
      active === null || bytes === null
        ? null
        : await replayApart({
            stateUrl: pool.options.connectionString ?? '',
            before: { bytes, digest: active.digest },
            after: { bytes: packPolicy(built.compiled), digest: built.compiled.digest },
            now: now(),
            days: limits?.days ?? 7,
            inputsMax: limits?.inputs_max ?? 100_000,
          })
    if (typeof difference === 'string') return failed([difference])
    const files = Object.fromEntries(fetched.files)
    const side = before === null || active === null ? null : { rules: before.rules, files: active.files }
    const late =
      behind > 0
        ? [
            `The branch is ${behind} commits ahead: what would be built is not what was replayed. Update the branch of the pull request.`,
          ]
        : []
    const reasons = [...late, ...passedLimits(limits, difference, built.tests.coverage)]
    const changes = changesInWords(side, { rules: built.compiled.rules, files })
    const conclusion = reasons.length === 0 ? 'success' : 'failure'
    return {
      ...nothing,
      conclusion,
      reasons,
      digest: built.compiled.digest,
      changes,
      coverage: built.tests.coverage,
      tests: { passed: built.tests.passed, decisions: built.tests.decisions },
      difference,
    }
  } catch (error) {
    const about =
      error instanceof ReleaseError && ['too_large', 'tree_unusable', 'github_nonsense'].includes(error.code)
    if (!about) throw error
    return failed([error.message])
  }
}
