import type { Pool } from 'pg'
import type { z } from 'zod'
import type { Config } from '../../config.ts'
import { countedAs } from '../../workflows/releases/approved-by.ts'
import { mendingOf } from '../../workflows/releases/mending.ts'
import type { Pins } from '../../workflows/releases/pins.ts'
import type { PullAnswer } from '../../workflows/releases/pulls/pull-comment.ts'
import { commitUrl, pullUrl } from '../../workflows/releases/rule-source.ts'
import {
  findRelease,
  followedBranch,
  listReleases,
  type Release,
  releaseInForce,
} from '../../workflows/releases/store.ts'
import { usesReleases } from '../../workflows/releases/uses-releases.ts'
import { rowsOf } from '../../workflows/state/transaction.ts'
import type { PullView, Refusal, ReleaseItem, ReleasesView, ReleaseView, release } from './release-schema.ts'

/** Releases, refusals and answered pull requests as the console shows them. */
export interface ReleaseSources {
  readonly config: Pick<Config, 'mode' | 'releases'>
  readonly pool: Pool
  readonly pins: Pins
  readonly now: () => number
}

const LISTED_MAX = 50
const REFUSALS_MAX = 20

export async function releasesViewOf({ config, pool, pins, now }: ReleaseSources, mayPin: boolean) {
  const { problem, failure, pinnedUntil, checkedAt, verified } = await followedBranch(pool)
  const inForce = await releaseInForce(pool, new Date(now()))
  const view: ReleasesView = {
    reviewed: usesReleases(config),
    inForce: inForce?.commit ?? null,
    pinnedUntil: inForce?.pinned === true ? (pinnedUntil?.toISOString() ?? null) : null,
    checkedAt: checkedAt?.toISOString() ?? null,
    failure,
    problem:
      problem === null
        ? null
        : {
            ...problem,
            findings: problem.findings.map((one) => ({ ...one })),
            mending: [...mendingOf(problem, { branch: config.releases.github.branch, verified })],
          },
    releases: (await listReleases(pool, LISTED_MAX)).map(itemOf),
    refusals: await refusalsOf(pool, null),
    pins: [...(await pins.open())],
    you: { mayPin },
  }
  return view
}

/** null: nobody ever said anything of this commit. */
export async function releaseViewOf({ pool, now }: ReleaseSources, commit: string): Promise<ReleaseView | null> {
  const found = await findRelease(pool, commit)
  const refusals = await refusalsOf(pool, found?.commit ?? commit)
  if (found === null && refusals.length === 0) return null
  const inForce = await releaseInForce(pool, new Date(now()))
  return {
    release: found === null ? null : itemOf(found),
    inForce: found !== null && inForce?.commit === found.commit,
    evidence: await evidenceOf(pool, found?.commit ?? ''),
    files: Object.entries(found?.files ?? {}).map(([path, blob]) => ({ path, blob })),
    refusals,
    pins: await pinsOf(pool, found?.commit ?? ''),
  }
}

export async function pullViewOf(pool: Pool, number: number): Promise<PullView | null> {
  const [row] = await rowsOf<{ answer: PullAnswer; answered_at: Date; repository: string | null }>(
    pool,
    `SELECT answer, answered_at, (SELECT repository_name FROM release ORDER BY number DESC LIMIT 1) AS repository
     FROM pull_answer WHERE number = $1`,
    [number],
  )
  if (row === undefined) return null
  const { answer, answered_at, repository } = row
  const { coverage, ...said } = answer
  const url = repository === null ? null : pullUrl(repository, number)
  const percent = coverage?.percent ?? null
  // Kept as it was written; what is shown is checked on its way out.
  return { ...(said as unknown as PullView), number, url, coverage: percent, answeredAt: answered_at.toISOString() }
}

function itemOf(of: Release): ReleaseItem {
  const { commit, repository, branch, digest, follows, evidence, verifiedAt, rules } = of
  return {
    ...{ commit, repository, branch, digest, follows, evidence, verifiedAt },
    counted: rules === null ? null : countedAs(rules),
    approvalsOnlyWithin: rules?.approvalsOnlyWithin ?? null,
    url: commitUrl(repository, commit),
    changes: [...of.changes],
    pulls: of.pulls.map((pull) => ({
      ...pull,
      reviewers: [...pull.reviewers],
      outside: pull.outside ?? null,
      url: pullUrl(repository, pull.number),
    })),
  } satisfies z.input<typeof release>
}

/** What people were told was not activated, newest first. */
async function refusalsOf(pool: Pool, commit: string | null): Promise<Refusal[]> {
  const rows = await rowsOf<{ notice: { title: string; lines: string[]; commit: string }; created_at: Date }>(
    pool,
    `SELECT notice, created_at FROM release_notice
     WHERE notice->>'kind' = 'refused' AND notice->>'commit' IS NOT NULL AND ($1::text IS NULL OR starts_with(notice->>'commit', $1))
     ORDER BY id DESC LIMIT $2`,
    [commit, REFUSALS_MAX],
  )
  return rows.map(({ notice: { title, lines, commit: of }, created_at }) => {
    return { commit: of, title, lines, at: created_at.toISOString() }
  })
}

async function evidenceOf(pool: Pool, commit: string): Promise<ReleaseView['evidence']> {
  const query = 'SELECT request, sha256 FROM release_evidence WHERE release = $1 ORDER BY number'
  return [...(await rowsOf<{ request: string; sha256: string }>(pool, query, [commit]))]
}

interface PinRow {
  readonly id: string
  readonly release: string
  readonly reason: string
  readonly pinned_ms: string
  readonly requested_by: { readonly name: string }
  readonly requested_at: Date
  readonly expires_at: Date
  readonly confirmed_by: { readonly name: string } | null
  readonly confirmed_at: Date | null
  readonly ended_by: { readonly name: string } | null
  readonly ended_at: Date | null
}

async function pinsOf(pool: Pool, commit: string): Promise<ReleaseView['pins']> {
  const rows = await rowsOf<PinRow>(pool, 'SELECT * FROM release_pin WHERE release = $1 ORDER BY requested_at DESC', [
    commit,
  ])
  return rows.map((row) => ({
    id: row.id,
    release: row.release,
    reason: row.reason,
    pinnedMs: Number(row.pinned_ms),
    requestedBy: row.requested_by.name,
    requestedAt: row.requested_at.toISOString(),
    expiresAt: row.expires_at.toISOString(),
    confirmedBy: row.confirmed_by?.name ?? null,
    confirmedAt: row.confirmed_at?.toISOString() ?? null,
    endedBy: row.ended_by?.name ?? null,
    endedAt: row.ended_at?.toISOString() ?? null,
  }))
}
