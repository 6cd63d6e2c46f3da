import { z } from 'zod'
import { consequences, preview } from './consequences-schema.ts'
import { delegate } from './delegation-schema.ts'

/** What the API takes and gives. The web pages and the command line take their types from here. */
export const holdStatus = z.enum(['pending', 'approved', 'executed', 'rejected', 'expired', 'withdrawn', 'abandoned'])

export const holdPath = z.object({ id: z.string().regex(/^[\w-]{1,80}$/, 'is not the id of a hold') })

export const holdsQuery = z.object({
  status: z.union([holdStatus, z.literal('decided')]).optional(),
  which: z
    .enum(['all', 'asked', 'to_answer', 'to_review'])
    .default('all')
    .describe('asked: by you; to_answer: you may, now; to_review: run without an answer'),
  limit: z.coerce.number().int().min(1).max(500).default(100),
  after: holdPath.shape.id.optional().describe('What `next` of the page before this one said'),
})

export const REASON_CHARACTERS_MAX = 2_000

export const voteBody = z.strictObject({
  choice: z.enum(['approve', 'reject']),
  reason: z.string().trim().max(REASON_CHARACTERS_MAX).nullish(),
  alike: z.boolean().optional().describe('Approve others that differ in constants only, too, where the policy lets it'),
})

export const reasonBody = z.strictObject({ reason: z.string().trim().min(1).max(REASON_CHARACTERS_MAX) })

export const reviewBody = z.strictObject({
  verdict: z.enum(['reviewed', 'disputed']),
  reason: z.string().trim().max(REASON_CHARACTERS_MAX).nullish(),
})

const someone = z.object({
  name: z.string(),
  issuer: z.string(),
  subject: z.string(),
  groups: z.array(z.string()),
})

const target = z.object({
  name: z.string(),
  environment: z.enum(['production', 'staging', 'development']),
  database: z.string(),
})

/** One line of the inbox. */
export const holdSummary = z.object({
  id: z.string(),
  status: holdStatus,
  mode: z.enum(['wait', 'error', 'defer']),
  asker: someone.extend({ kind: z.enum(['human', 'service', 'agent']), actsFor: someone.nullable() }),
  target,
  tag: z.string().describe('What it is called: DELETE, ALTER TABLE …'),
  excerpt: z.string().describe('The statement’s beginning; never enough to judge by'),
  preview,
  rules: z.array(z.object({ id: z.string(), title: z.string(), reason: z.string(), outcome: z.string() })),
  hidden: z.boolean().describe('Literals are left out: they are compared with protected columns that you see masked'),
  alike: z
    .object({ key: z.string(), pending: z.number() })
    .nullable()
    .describe('How many wait that differ from it in constants only'),
  reviewers: z.array(z.object({ group: z.string(), count: z.number(), approved: z.number() })),
  createdAt: z.string(),
  expiresAt: z.string(),
  decidedAt: z.string().nullable(),
  outcome: z.object({ ok: z.boolean(), tag: z.string(), durationMs: z.number() }).nullable(),
  askerGone: z.enum(['deactivated', 'revoked']).nullable().describe('Who asked is not let in any more: that ended it'),
  reviewDueAt: z.string().nullable().describe('It was run without an answer and waits for a review'),
  you: z.object({
    mayVote: z.boolean(),
    mayReview: z.boolean(),
    mayBreakGlass: z.boolean(),
    mayApproveAlike: z.boolean().describe('The policy lets an approval count for others like it'),
    mayUndoAlike: z.boolean().describe('What its approval allows to others like it can be ended'),
    whyNot: z.string().nullable().describe('One sentence, when you may not vote'),
    whyNotApprove: z.string().nullable().describe('One sentence, when you may reject it and not approve it'),
    mayWithdraw: z.boolean(),
    voted: z.enum(['approve', 'reject']).nullable(),
  }),
})

const knownSince = z.object({
  since: z.string().nullable().describe('null: from before it was recorded'),
  groups: z.array(z.object({ name: z.string(), since: z.string().nullable() })),
})

/** Everything the record has. */
export const holdView = holdSummary.extend({
  application: z.string().describe('What the client says it is'),
  client: z.string().nullable().describe('The address it came from'),
  consequences: consequences.nullable(),
  rulePlaces: z.record(
    z.string(),
    z.object({
      file: z.string(),
      line: z.number(),
      url: z.string().nullable().describe('At the commit in force then'),
    }),
  ),
  known: z.object({ asker: knownSince.nullable(), actsFor: knownSince.nullable() }),
  lately: z.array(
    z.object({ id: z.string(), status: holdStatus, tag: z.string(), target: z.string(), createdAt: z.string() }),
  ),
  latelyCounts: z.partialRecord(holdStatus, z.number()).describe('Of the thirty days before'),
  sameShape: z
    .object({
      id: z.string(),
      createdAt: z.string(),
      parts: z.array(z.object({ kind: z.enum(['same', 'added', 'removed']), text: z.string() })),
    })
    .nullable()
    .describe('The last one like it that was approved, and how this one differs'),
  locksHeld: z.array(z.object({ on: z.string(), mode: z.string() })).describe('By the open transaction that waits'),
  needsReason: z.boolean(),
  anewOf: z.string().nullable().describe('The hold that was approved before and does not count any more'),
  anewAs: z.string().nullable().describe('The hold that has taken its place: its own approval does not count any more'),
  statement: z.string(),
  parameters: z.array(z.string().nullable()),
  reason: z.string().nullable().describe('What the asker said'),
  facts: z.object({
    effects: z.array(z.string()),
    relations: z.array(
      z.object({
        name: z.string(),
        kind: z.string(),
        access: z.array(z.string()),
        labels: z.array(z.string()),
        through: z.array(z.string()),
      }),
    ),
    columns: z.array(
      z.object({ relation: z.string(), name: z.string(), uses: z.array(z.string()), labels: z.array(z.string()) }),
    ),
    functions: z.array(z.string()),
    roles: z.array(z.string()),
    settings: z.array(z.string()),
    external: z.array(z.string()),
    flags: z.array(z.string()),
    unresolved: z.array(z.string()),
  }),
  votes: z.array(
    z.object({
      voter: someone,
      choice: z.enum(['approve', 'reject']),
      reason: z.string().nullable(),
      via: z.string(),
      at: z.string(),
      insteadOf: delegate.nullish().describe('Who is away and whose right was used'),
      alike: z.boolean().optional(),
    }),
  ),
  remindedAt: z.string().nullable(),
  notTold: z.array(z.string()).describe('Ways in which people could not be told, such as slack'),
  escalated: z.object({ group: z.string(), at: z.string() }).nullable().describe('Who may answer too, since when'),
  brokenGlass: z
    .object({
      reason: z.string(),
      via: z.string(),
      at: z.string(),
      reviewDueAt: z.string(),
      overdueToldAt: z.string().nullable(),
      review: z
        .object({
          verdict: z.enum(['reviewed', 'disputed']),
          by: delegate,
          reason: z.string().nullable(),
          via: z.string(),
          at: z.string(),
        })
        .nullable(),
    })
    .nullable()
    .describe('The asker ran it without an approval'),
  alikeApproval: z
    .object({
      runsMax: z.number(),
      runs: z.number(),
      expiresAt: z.string(),
      undone: z.object({ by: z.string(), at: z.string() }).nullable(),
    })
    .nullable()
    .describe('Its approval counts for others like it: so many runs, until then'),
  approvedThrough: z.object({ hold: z.string(), run: z.number() }).nullable(),
  comments: z
    .array(z.object({ name: z.string(), known: z.boolean(), text: z.string(), at: z.string() }))
    .describe('What was said about it, as in a thread in Slack; known: by a person who is linked'),
  grantExpiresAt: z.string().nullable(),
  digest: z.string(),
  policyDigest: z.string(),
  policyReviewed: z.boolean().describe('false: local files, as in development; nobody reviewed them'),
})

export const me = someone.extend({
  kind: z.enum(['human', 'service', 'agent']),
  actsFor: someone.nullable(),
  csrfToken: z.string().nullable().describe('To be sent as x-holdpoint-csrf with every write of a signed-in browser'),
  expiresAt: z.string(),
  development: z.boolean(),
})

export const slackLinkQuery = z.object({ code: z.string().min(1).max(200) })
export const slackLink = z.object({ teamId: z.string(), userId: z.string(), userName: z.string(), you: z.string() })

export type HoldSummary = z.infer<typeof holdSummary>
export type HoldView = z.infer<typeof holdView>
export type Me = z.infer<typeof me>
export type SlackLinkView = z.infer<typeof slackLink>
