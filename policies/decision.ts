import { z } from 'zod'
import { answering } from './answering.ts'

/** The answer of a policy. What does not have this shape is not an answer, and the statement is denied. */
export const firedRule = z.strictObject({
  id: z.string().describe('package and rule, e.g. production.drop_table'),
  title: z.string(),
  reason: z.string().describe('One sentence that the person who asked understands'),
  outcome: z.enum(['allow', 'hold', 'deny', 'mask', 'limit']),
})

/** A rule that fired and did not bind, and why: it warns, it is only watched, or a reviewed exception set it aside. */
export const unenforcedRule = firedRule.extend({
  why: z.enum(['warn', 'shadow', 'exception']),
  exception: z.string().nullable().describe('Its name in data/exceptions, where that is the reason'),
})

export const limits = z.strictObject({
  rows: z
    .int()
    .min(1)
    .nullable()
    .describe('A read that gives more is cancelled with an error: never cut short in silence'),
  timeoutMs: z.int().min(1).nullable().describe('A statement that runs longer is cancelled'),
  rowsWrittenMax: z
    .int()
    .min(1)
    .nullable()
    .optional()
    .describe('A statement that writes more is rolled back with an error, unless its hold was approved'),
})

export const maskMethod = z.enum(['redact', 'email', 'last4', 'year', 'null'])

export const mask = z.strictObject({
  schema: z.string(),
  relation: z.string(),
  column: z.string(),
  label: z.string(),
  method: maskMethod,
})

export const reviewers = z.strictObject({
  group: z.string(),
  count: z.int().min(1).describe('How many distinct people of this group must approve'),
})

export const decision = z.strictObject({
  outcome: z.enum(['allow', 'hold', 'deny']),
  rules: z.array(firedRule).readonly(),
  masks: z.array(mask).readonly(),
  reviewers: z.array(reviewers).readonly().describe('Every entry must be met; empty unless the outcome is hold'),
  expiryMs: z.int().min(1_000).nullable().describe('How long a hold waits for an answer'),
  grantMs: z.int().min(1_000).nullable().describe('How long an approval stays usable'),
  onHold: z.enum(['wait', 'error', 'defer']).nullable(),
  answering: answering.optional().describe('Only with a hold'),
  limits: limits.optional().describe('The strictest of all that rules asked for; left out: none'),
  unenforced: z.array(unenforcedRule).readonly().optional(),
})

export type FiredRule = z.infer<typeof firedRule>
export type UnenforcedRule = z.infer<typeof unenforcedRule>
export type Limits = z.infer<typeof limits>
export type MaskMethod = z.infer<typeof maskMethod>
export type Mask = z.infer<typeof mask>
export type Reviewers = z.infer<typeof reviewers>
export type Decision = z.infer<typeof decision>
