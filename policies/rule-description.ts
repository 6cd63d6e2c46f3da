import { z } from 'zod'

/** What a rule says about itself in its METADATA, which the check demands of every rule. */
export const ruleMetadata = z.object({
  title: z.string().regex(/\w/).describe('What becomes of what, as one sentence'),
  description: z.string().regex(/\w{3}/).describe('Why, for whoever meets the rule or means to change it'),
  custom: z.object({
    severity: z.enum(['informational', 'low', 'medium', 'high', 'critical']),
    owner: z.string().min(1).describe('The group that answers for the rule'),
    controls: z
      .array(z.string().regex(/^\S.*\d/, 'an identifier with a number, e.g. SOC 2 CC6.1'))
      .min(1)
      .describe('What it is evidence of, e.g. SOC 2 CC6.1'),
    mode: z.enum(['enforce', 'warn', 'shadow']).default('enforce'),
    exceptions: z.boolean().default(true).describe('false: nothing in data/exceptions may set it aside'),
  }),
})

export type RuleMode = z.infer<typeof ruleMetadata>['custom']['mode']

/** One rule as reviewers, auditors and `holdpoint explain` see it. */
export const ruleDescription = z.strictObject({
  /** Area and rule, e.g. production.drop: what decisions name. */
  id: z.string(),
  file: z.string().describe('Below the folder of the policies'),
  line: z.int().min(1).default(1).describe('Of its first finding'),
  title: z.string(),
  description: z.string(),
  severity: ruleMetadata.shape.custom.shape.severity,
  owner: z.string(),
  controls: z.array(z.string()).readonly(),
  mode: z.enum(['enforce', 'warn', 'shadow']),
  exceptions: z.boolean(),
  /** Paths of the input that it reads, itself or through what it uses: statement.effects, identity.groups … */
  reads: z.array(z.string()).readonly(),
})

export type RuleDescription = z.infer<typeof ruleDescription>
