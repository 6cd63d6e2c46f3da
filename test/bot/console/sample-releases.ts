import { keepRelease } from '../../../workflows/releases/store.ts'
import { inTransaction } from '../../../workflows/state/transaction.ts'
import type { ConsoleUnderTest } from './console-under-test.ts'

/** Two verified releases, a commit that was refused, and an answered pull request, with names as bad as they come. */
export const OLDER = 'a'.repeat(40)
export const NEWER = 'b'.repeat(40)
export const REFUSED = 'c'.repeat(40)
export const HOSTILE = '<img src=x onerror=alert(1)> \u202Edrawkcab'

export async function seedReleases({ pool }: Pick<ConsoleUnderTest, 'pool'>): Promise<void> {
  await keep(pool, OLDER, null, ['The first release: 34 rules.'], 'Begin with the default rules')
  await keep(pool, NEWER, OLDER, ['Rule data.pii_export added (enforce): Exports of personal data.', HOSTILE], HOSTILE)
  const problem = {
    commit: REFUSED,
    since: new Date(Date.now() - 3_600_000).toISOString(),
    findings: [{ check: 'approvals', text: `#9 has 0 of 1 approvals that count. ${HOSTILE}`, pull: 9 }],
  }
  const failure = {
    ...{ text: 'GitHub gives the app no token (404)', hint: 'Install the app again', told: false },
    since: new Date(Date.now() - 600_000).toISOString(),
  }
  await pool.query('UPDATE followed_branch SET verified = $1, problem = $2, failure = $3, checked_at = now()', [
    NEWER,
    JSON.stringify(problem),
    JSON.stringify(failure),
  ])
  const notice = {
    kind: 'refused',
    title: `A commit of main is not activated ${HOSTILE}`,
    lines: ['#9 was approved by nobody but its author.'],
    commit: REFUSED,
    url: null,
  }
  await pool.query('INSERT INTO release_notice (notice, created_at, next_attempt_at) VALUES ($1, now(), now())', [
    JSON.stringify(notice),
  ])
  await pool.query(
    `INSERT INTO pull_answer (number, head, branch_head, release, digest, conclusion, answer, answered_at)
     VALUES (12, $1, $2, $2, 'd', 'failure', $3, now())`,
    [REFUSED, NEWER, JSON.stringify(ANSWER)],
  )
}

async function keep(
  pool: ConsoleUnderTest['pool'],
  commit: string,
  follows: string | null,
  changes: readonly string[],
  title: string,
): Promise<void> {
  const number = follows === null ? 3 : 7
  const release = {
    ...{ commit, follows, repository: 'acme/policies', repositoryId: 7, branch: 'main', folder: 'policies' },
    ...{ digest: `${commit}${'0'.repeat(24)}`, package: Buffer.alloc(1), changes },
    rules: follows === null ? null : { minApprovals: 2, codeOwnersRequired: true, approvalsOnlyWithin: 'policies' },
    files: { 'rules/data/pii_export.rego': '1f'.repeat(20), 'data/holds.yaml': '2e'.repeat(20) },
    answers: [{ request: `GET /repos/acme/policies/pulls/${number}`, sha256: '3d'.repeat(32), body: '{}' }],
    pulls: [{ number, title, author: 'ana', reviewers: ['ben', 'cleo'], head: commit, commit }],
  }
  await inTransaction(pool, (client) => keepRelease(client, release, new Date(Date.now() - (follows ? 600_000 : 9e8))))
}

const ANSWER = {
  head: REFUSED,
  branchHead: NEWER,
  release: NEWER,
  conclusion: 'failure',
  reasons: [`5 of 100 decisions may change by the file thresholds.yaml, 412 would. ${HOSTILE}`],
  digest: `d${'4'.repeat(63)}`,
  changes: ['Rule data.pii_export changed: Exports of personal data.'],
  coverage: { percent: 91.2, files: [] },
  difference: {
    ...{ before: 'b', after: 'd', inputs: 120, decisions: 48_211, differing: { inputs: 9, decisions: 412 } },
    ways: [
      { from: 'allow', to: 'hold', changed: ['outcome'], inputs: 8, decisions: 400 },
      { from: 'allow', to: 'allow', changed: ['masks'], inputs: 1, decisions: 12 },
    ],
    statements: [{ fingerprint: '0a1b2c3d4e5f6071', tag: 'SELECT', relations: ['public.customers'], decisions: 400 }],
    identities: [{ name: `report-bot ${HOSTILE}`, kind: 'agent', decisions: 380 }],
    neverFired: ['schema.drop'],
    noLongerFire: [],
    newlyFire: ['data.pii_export'],
    failed: { before: 0, after: 0 },
    incomplete: 0,
  },
}
