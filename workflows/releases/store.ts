import { createHash } from 'node:crypto'
import type pg from 'pg'
import { type Queryable, rowsOf } from '../state/transaction.ts'
import type { BranchFailure } from './failing.ts'
import type { KeptAnswer } from './github/client.ts'
import type { Finding, KeptRules, VerifiedPull } from './provenance/evidence.ts'

/** Releases and the branch they come from, as the state database keeps them. */
export interface Release {
  readonly commit: string
  readonly repository: string
  readonly branch: string
  readonly digest: string
  readonly follows: string | null
  /** Newest first. */
  readonly pulls: readonly VerifiedPull[]
  /** What it changed, as sentences. */
  readonly changes: readonly string[]
  readonly files: Readonly<Record<string, string>>
  /** What it was judged by; null: verified before that was kept. */
  readonly rules: KeptRules | null
  readonly evidence: string
  readonly verifiedAt: string
}

/** Why the branch's last commit is not in force. */
export interface BranchProblem {
  readonly commit: string
  readonly findings: readonly Pick<Finding, 'check' | 'text' | 'pull'>[]
  readonly since: string
}

export interface FollowedBranch {
  readonly repository: number | null
  readonly etag: string | null
  readonly head: string | null
  readonly problem: BranchProblem | null
  /** Why it cannot be looked at now. */
  readonly failure: BranchFailure | null
  readonly checkedAt: Date | null
  readonly verified: string | null
  readonly pinned: string | null
  readonly pinnedUntil: Date | null
}

interface ReleaseRow {
  readonly commit: string
  readonly repository_name: string
  readonly branch: string
  readonly digest: string
  readonly follows: string | null
  readonly pulls: readonly VerifiedPull[]
  readonly changes: readonly string[]
  readonly files: Readonly<Record<string, string>>
  readonly rules: KeptRules | null
  readonly evidence: string
  readonly verified_at: Date
}

const COLUMNS = 'commit, repository_name, branch, digest, follows, pulls, changes, files, rules, evidence, verified_at'

export async function followedBranch(on: Queryable): Promise<FollowedBranch> {
  const [row] = await rowsOf<{
    repository: string | null
    etag: string | null
    head: string | null
    problem: BranchProblem | null
    failure: BranchFailure | null
    checked_at: Date | null
    verified: string | null
    pinned: string | null
    pinned_until: Date | null
  }>(on, 'SELECT * FROM followed_branch')
  return {
    repository: row?.repository == null ? null : Number(row.repository),
    etag: row?.etag ?? null,
    head: row?.head ?? null,
    problem: row?.problem ?? null,
    failure: row?.failure ?? null,
    checkedAt: row?.checked_at ?? null,
    verified: row?.verified ?? null,
    pinned: row?.pinned ?? null,
    pinnedUntil: row?.pinned_until ?? null,
  }
}

/** The release in force: the pinned one until its time is up, else the one verified last. */
export async function releaseInForce(
  on: Queryable,
  at: Date,
): Promise<(Release & { readonly pinned: boolean }) | null> {
  const [row] = await rowsOf<ReleaseRow & { pinned: boolean }>(
    on,
    `SELECT ${COLUMNS}, pinned_until IS NOT NULL AND pinned_until > $1 AS pinned FROM followed_branch
     JOIN release ON commit = CASE WHEN pinned_until > $1 THEN followed_branch.pinned ELSE verified END`,
    [at],
  )
  return row === undefined ? null : { ...releaseOf(row), pinned: row.pinned }
}

export async function packageOf(on: Queryable, commit: string): Promise<Buffer | null> {
  const [row] = await rowsOf<{ package: Buffer }>(on, 'SELECT package FROM release WHERE commit = $1', [commit])
  return row?.package ?? null
}

/** @param commit its whole name, or a beginning of at least seven characters that only one release has */
export async function findRelease(on: Queryable, commit: string): Promise<Release | null> {
  if (!/^[0-9a-f]{7,64}$/.test(commit)) return null
  const rows = await rowsOf<ReleaseRow>(on, `SELECT ${COLUMNS} FROM release WHERE starts_with(commit, $1) LIMIT 2`, [
    commit,
  ])
  return rows.length === 1 ? releaseOf(rows[0] as ReleaseRow) : null
}

export async function listReleases(on: Queryable, limit: number): Promise<readonly Release[]> {
  return (await rowsOf<ReleaseRow>(on, `SELECT ${COLUMNS} FROM release ORDER BY number DESC LIMIT $1`, [limit])).map(
    releaseOf,
  )
}

export interface NewRelease extends Omit<Release, 'evidence' | 'verifiedAt'> {
  readonly repositoryId: number
  readonly folder: string
  readonly package: Buffer
  readonly answers: readonly KeptAnswer[]
}

/** Keeps a verified release with its evidence. @returns the hash that stands for all of the evidence */
export async function keepRelease(client: pg.PoolClient, release: NewRelease, at: Date): Promise<string> {
  const { answers } = release
  const evidence = evidenceHash(answers)
  await client.query(
    `INSERT INTO release (commit, repository, repository_name, branch, folder, digest, package, follows, pulls,
       changes, files, rules, evidence, verified_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
     ON CONFLICT (commit) DO NOTHING`,
    [
      release.commit,
      release.repositoryId,
      release.repository,
      release.branch,
      release.folder,
      release.digest,
      release.package,
      release.follows,
      JSON.stringify(release.pulls),
      JSON.stringify(release.changes),
      JSON.stringify(release.files),
      release.rules === null ? null : JSON.stringify(release.rules),
      evidence,
      at,
    ],
  )
  await client.query(
    `INSERT INTO release_evidence (release, number, request, sha256, body)
     SELECT $1, row_number() OVER (), request, sha256, body
     FROM unnest($2::text[], $3::text[], $4::text[]) AS answer (request, sha256, body) ON CONFLICT DO NOTHING`,
    [
      release.commit,
      answers.map(({ request }) => request),
      answers.map(({ sha256 }) => sha256),
      answers.map(({ body }) => body),
    ],
  )
  return evidence
}

/** SHA-256 (hex) over one line `sha256 request` per answer, in the order in which they were asked for. */
export function evidenceHash(answers: readonly Pick<KeptAnswer, 'request' | 'sha256'>[]): string {
  const hash = createHash('sha256')
  for (const { request, sha256 } of answers) hash.update(`${sha256} ${request}\n`)
  return hash.digest('hex')
}

function releaseOf({ repository_name: repository, verified_at, ...row }: ReleaseRow): Release {
  const { commit, branch, digest, follows, pulls, changes, files, rules, evidence } = row
  const verifiedAt = verified_at.toISOString()
  return { commit, repository, branch, digest, follows, pulls, changes, files, rules, evidence, verifiedAt }
}
