import { z } from 'zod'
import type { JsonValue } from '../answer.ts'

/** What the HTTP API takes and gives: the one source of its types, its checks and its OpenAPI document. */
const json: z.ZodType<JsonValue, JsonValue> = z.lazy(() =>
  z.union([z.string(), z.number(), z.boolean(), z.null(), z.array(json).readonly(), z.record(z.string(), json)]),
)

const REASON_CHARACTERS_MAX = 1_000
export const WAIT_SECONDS_MAX = 60

export const targetPath = z.object({ environment: z.string().max(100), database: z.string().max(100) })
export const holdPath = z.object({ id: z.string().regex(/^[\w-]{1,80}$/, 'is not the id of a hold') })

/** The protocol ends a text at its first NUL. */
export const sqlText = z
  .string()
  .min(1)
  .refine((text) => !text.includes('\0'), 'has a NUL character, which SQL cannot have')

export const statementBody = z.strictObject({
  sql: sqlText.describe('One statement; parameters as $1, $2 …'),
  parameters: z
    .array(json)
    .max(65_535)
    .default([])
    .describe('As PostgreSQL reads them from text; objects and arrays are sent as JSON'),
  reason: z.string().trim().min(1).max(REASON_CHARACTERS_MAX).optional().describe('Why; reviewers see it'),
  breakGlass: z
    .string()
    .trim()
    .min(1)
    .max(REASON_CHARACTERS_MAX)
    .optional()
    .describe(
      'Why it cannot wait: run it now, if it is held and policy lets you. Reviewers are told and have to review it. Never for agents',
    ),
  onHold: z
    .enum(['defer', 'error'])
    .default('defer')
    .describe('defer: it runs once it is approved, and its result is kept; error: send it again then'),
  callback: z
    .strictObject({ url: z.url().max(2_000), secret: z.string().max(200) })
    .optional()
    .describe('Told when it is answered and when it has run, signed as Standard Webhooks has it'),
  maxRows: z.int().min(1).optional().describe('The rest is left out and said to be'),
})

export const rule = z.object({ id: z.string(), title: z.string(), reason: z.string() })

export const completed = z.object({
  status: z.literal('completed'),
  tag: z.string().nullable().describe('PostgreSQL’s own, e.g. DELETE 3; null when it was cut off at its row limit'),
  columns: z
    .array(
      z.object({
        name: z.string(),
        type: z.string(),
        masked: z.string().nullable().describe('How its values are masked; null: they are as stored'),
      }),
    )
    .readonly(),
  rows: z.array(z.array(json).readonly()).readonly(),
  truncated: z
    .enum(['rows', 'bytes'])
    .nullable()
    .describe('rows: there were more than `maxRows`; bytes: the rest would have made the answer too large'),
  rowsTotal: z
    .number()
    .nullable()
    // Kept results of an earlier version do not have it.
    .default(null)
    .describe('How many rows there were, given or not; null: more than `maxRows`, not counted'),
})

export const holdView = z.object({
  id: z.string(),
  status: z.enum(['pending', 'approved', 'executed', 'rejected', 'expired', 'withdrawn', 'abandoned']),
  mode: z.enum(['wait', 'error', 'defer']),
  target: z.string(),
  statement: z.string(),
  parameters: z.array(z.string().nullable()),
  reason: z.string().nullable(),
  needsReason: z.boolean().describe('It cannot be approved before you say why'),
  rules: z.array(rule).describe('Why it is held'),
  reviewers: z.array(z.object({ group: z.string(), count: z.number() })).describe('So many of each group must approve'),
  votes: z.array(z.object({ by: z.string(), choice: z.enum(['approve', 'reject']), reason: z.string().nullable() })),
  createdAt: z.string(),
  expiresAt: z.string().describe('Until when it can be answered'),
  grantExpiresAt: z.string().nullable().describe('Until when the approval can be used'),
  decidedAt: z.string().nullable(),
  brokenGlass: z
    .object({ reason: z.string(), at: z.string(), reviewDueAt: z.string(), reviewed: z.boolean() })
    .nullable()
    .describe('You ran it without an approval; null: you did not'),
  outcome: z
    .object({ ok: z.boolean(), tag: z.string(), durationMs: z.number() })
    .nullable()
    .describe('null with status executed: it was started, and nobody lived to hear how it ended'),
  reviewUrl: z.string().describe('Where people answer it'),
  result: z
    .object({
      state: z
        .enum(['none', 'waiting', 'running', 'ready', 'fetched', 'gone', 'not_run'])
        .describe('none: it is not deferred, send the statement again; not_run: see why'),
      why: z.string().nullable(),
    })
    .describe('Of a deferred statement; once ready it can be fetched once'),
})

const instead = z
  .object({ sql: z.string(), without: z.array(z.string()).readonly() })
  .nullable()
  .describe('The same read without what is protected, which would be allowed at once; null: nothing that is certain')

export const held = z.object({
  status: z.literal('held'),
  message: z.string(),
  glassWhole: z.string().nullable().describe('Why you could not break the glass; null: you did not want to'),
  instead,
  hold: holdView,
})

/** Written as it happens, and not by a serializer. */
export const holdEventStream = z.unknown().describe('Events named `hold`, each with the hold as JSON')

export const holdList = z.object({
  holds: z.array(holdView),
  next: z.string().nullable().describe('Where the next page begins, to be said as `after`; null: this is the last'),
})
export const holdsQuery = z.object({
  status: holdView.shape.status.optional(),
  limit: z.coerce.number().int().min(1).max(200).default(50),
  after: z.string().max(200).optional().describe('What `next` of the page before this one said'),
})
export const waitQuery = z.object({
  wait: z.coerce
    .number()
    .int()
    .min(0)
    .max(WAIT_SECONDS_MAX)
    .default(0)
    .describe('Seconds to wait for an answer while it is pending'),
})
export const reasonBody = z.strictObject({ reason: z.string().trim().min(1).max(REASON_CHARACTERS_MAX) })

export const problem = z.looseObject({
  type: z.string(),
  title: z.string(),
  status: z.number(),
  detail: z.string(),
  code: z.string().describe('For programs; the rest is for people'),
  hint: z.string().optional(),
  sqlstate: z.string().optional(),
  rules: z.array(rule).optional(),
  instead: instead.optional(),
})

export type HoldView = z.infer<typeof holdView>
