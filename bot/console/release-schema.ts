import { z } from 'zod'

/** What the API says of releases. The pages and the command line take their types from here. */
const pull = z.object({
  number: z.int(),
  title: z.string(),
  author: z.string(),
  reviewers: z.array(z.string()),
  outside: z.string().nullable().describe('The folder it changed nothing in, so that no approvals were counted'),
  head: z.string(),
  url: z.string().nullable().describe('On GitHub'),
})

export const release = z.object({
  commit: z.string(),
  repository: z.string(),
  branch: z.string(),
  digest: z.string().describe('Of the compiled policy, its WASM included'),
  follows: z.string().nullable().describe('The release that it followed; null: the first'),
  url: z.string().nullable().describe('The commit on GitHub'),
  pulls: z.array(pull),
  changes: z.array(z.string()),
  counted: z.string().nullable().describe('How approvals were counted; null: not kept for older releases'),
  approvalsOnlyWithin: z
    .string()
    .nullable()
    .describe('The folder outside which none were counted; null: none were left out'),
  evidence: z.string().describe('SHA-256 that stands for all that GitHub said when it was verified'),
  verifiedAt: z.string(),
})

export const pin = z.object({
  id: z.string(),
  release: z.string(),
  reason: z.string(),
  pinnedMs: z.number(),
  requestedBy: z.string(),
  expiresAt: z.string(),
  confirmedBy: z.string().nullable(),
})

const findings = z.array(z.looseObject({ check: z.string(), text: z.string() }))

/** A commit that people were told is not activated. */
export const refusal = z.object({ commit: z.string(), title: z.string(), lines: z.array(z.string()), at: z.string() })

export const releasesView = z.object({
  reviewed: z.boolean().describe('false: local files, which nobody reviewed'),
  inForce: z.string().nullable().describe('A commit'),
  pinnedUntil: z.string().nullable(),
  checkedAt: z.string().nullable().describe('When the branch was last looked at'),
  failure: z
    .object({ text: z.string(), hint: z.string().nullable(), since: z.string() })
    .nullable()
    .describe('Why the branch cannot be looked at'),
  problem: z
    .object({ commit: z.string(), since: z.string(), findings, mending: z.array(z.string()) })
    .nullable()
    .describe('Why the branch’s last commit is not in force'),
  releases: z.array(release),
  refusals: z.array(refusal).describe('The latest'),
  pins: z.array(pin).describe('Asked for and not yet confirmed'),
  you: z.object({ mayPin: z.boolean() }),
})

export const releaseView = z.object({
  release: release.nullable().describe('null: this commit never became one'),
  inForce: z.boolean(),
  evidence: z.array(z.object({ request: z.string(), sha256: z.string() })).describe('What GitHub was asked'),
  files: z.array(z.object({ path: z.string(), blob: z.string() })),
  refusals: z.array(refusal),
  pins: z
    .array(
      pin.extend({
        requestedAt: z.string(),
        confirmedAt: z.string().nullable(),
        endedAt: z.string().nullable(),
        endedBy: z.string().nullable(),
      }),
    )
    .describe('Every pin of this release there ever was'),
})

export const commitPath = z.object({ commit: z.string().regex(/^[0-9a-f]{7,64}$/, 'is not the name of a commit') })
export const pullPath = z.object({ number: z.coerce.number().int().min(1).max(2_147_483_647) })
export const pinPath = z.object({ id: z.string().max(80) })
export const pinBody = z.strictObject({
  release: z.string().max(64),
  reason: z.string().trim().min(1).max(1_000),
  minutes: z.int().min(1),
})

const counted = { inputs: z.number(), decisions: z.number() }
const outcome = z.enum(['allow', 'hold', 'deny'])

/** What would be decided otherwise: counts, names of rules and people, and fingerprints; never a value. */
export const difference = z.object({
  before: z.string(),
  after: z.string(),
  ...counted,
  differing: z.object(counted),
  ways: z.array(z.object({ from: outcome, to: outcome, changed: z.array(z.string()), ...counted })),
  statements: z.array(
    z.object({ fingerprint: z.string(), tag: z.string(), relations: z.array(z.string()), decisions: z.number() }),
  ),
  identities: z.array(z.object({ name: z.string(), kind: z.string(), decisions: z.number() })),
  neverFired: z.array(z.string()),
  noLongerFire: z.array(z.string()),
  newlyFire: z.array(z.string()),
  failed: z.object({ before: z.number(), after: z.number() }),
  incomplete: z.number(),
})

export const pullView = z.object({
  number: z.int(),
  url: z.string().nullable().describe('On GitHub'),
  answeredAt: z.string(),
  head: z.string(),
  branchHead: z.string(),
  release: z.string().nullable().describe('It was compared with; null: there was none'),
  conclusion: z.enum(['success', 'failure']),
  reasons: z.array(z.string()),
  digest: z.string().nullable(),
  changes: z.array(z.string()),
  coverage: z.number().nullable().describe('Percent of the lines that the repository’s own tests reach'),
  difference: difference.nullable().describe('null: nothing was replayed'),
})

export type ReleasesView = z.infer<typeof releasesView>
export type ReleaseView = z.infer<typeof releaseView>
export type ReleaseItem = z.infer<typeof release>
export type Refusal = z.infer<typeof refusal>
export type PullView = z.infer<typeof pullView>
export type DifferenceView = z.infer<typeof difference>
