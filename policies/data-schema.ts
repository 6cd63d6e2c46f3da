import { z } from 'zod'

/**
 * The data that has a shape of its own, by its first key: the source of the check, of policies/schemas/data.json (which
 * editors read) and of the types. A team's own keys may have any shape.
 */
const instant = z.iso.datetime({ offset: true }).describe('RFC 3339, e.g. 2026-12-01T00:00:00Z')
const ruleId = z.string().regex(/^[a-z]\w*\.[a-z]\w*$/, 'a rule: area and name, e.g. production.drop')
const bounds = z.strictObject({
  rows: z.int().min(1).optional().describe('A read that gives more ends with an error'),
  timeout_ms: z.int().min(1).optional().describe('A statement that runs longer is cancelled'),
  rows_written_max: z.int().min(1).optional().describe('A statement that writes more is rolled back with an error'),
})

export const exception = z
  .strictObject({
    rule: ruleId.describe('The one rule that is set aside'),
    identity: z.strictObject({ issuer: z.string(), subject: z.string() }).optional(),
    group: z.string().optional().describe('An agent counts only when its person is in the group too'),
    target: z.string().describe('environment/database'),
    fingerprint: z.string().min(1).optional().describe('Of the statement, as cards and holdpoint explain show it'),
    relations: z
      .array(z.string().regex(/^[^.]+\..+$/, 'schema.name'))
      .min(1)
      .optional()
      .describe('All that the statement touches'),
    reason: z.string().min(10).describe('Why, for whoever reviews it and whoever reads the record'),
    from: instant.optional(),
    until: instant.describe('From then on it has no effect'),
  })
  .refine(
    ({ identity, group }) => (identity === undefined) !== (group === undefined),
    'name either an identity or a group',
  )
  .refine(
    ({ fingerprint, relations }) => fingerprint !== undefined || relations !== undefined,
    'name a fingerprint or relations',
  )

const clock = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$|^24:00$/, 'HH:MM, in UTC')
export const DAYS = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday'] as const
export const weekly = z.strictObject({ days: z.array(z.enum(DAYS)).min(1), from: clock, until: clock })

const schedule = z.looseObject({
  freeze: z.array(z.string()).optional().describe('Targets on which changes wait for two people'),
  from: instant.optional(),
  until: instant.optional(),
  weekly: weekly.optional(),
})

const mode = z.enum(['enforce', 'warn', 'shadow'])
const reviewers = z.array(z.strictObject({ group: z.string(), count: z.int().min(1) })).min(1)

export const policyData = z.looseObject({
  exceptions: z.record(z.string(), exception).optional(),
  schedules: z.record(z.string(), schedule).optional(),
  modes: z.record(ruleId, mode).optional(),
  limits: z
    .strictObject({
      kinds: z.partialRecord(z.enum(['human', 'service', 'agent']), bounds).optional(),
      writes_in_production: z
        .partialRecord(z.enum(['human', 'service', 'agent']), bounds)
        .optional()
        .describe('Of statements that write, in production'),
      targets: z.record(z.string(), bounds).optional(),
    })
    .optional(),
  groups: z.record(z.string(), z.string()).optional().describe('What each group is for'),
  targets: z.record(z.string(), z.string()).optional().describe('What each target is'),
  reviewers: z.record(z.string(), reviewers).optional(),
})

export type PolicyData = z.infer<typeof policyData>
export type Weekly = z.infer<typeof weekly>
