import { z } from 'zod'

/** In the environment as `dba=C0123456789,security=C0987654321`. */
const channelsByGroup = z.union([
  z.record(z.string().min(1), z.string().min(1)),
  z
    .string()
    .regex(/^[^=,]+=[^=,]+(,[^=,]+=[^=,]+)*$/, 'group=channel,group=channel')
    .transform((text): Record<string, string> => {
      const pairs = text.split(',').map((pair) => pair.split('=').map((part) => part.trim()))
      return Object.fromEntries(pairs) as Record<string, string>
    }),
])

/** The part of the configuration that is about Slack. */
export const slackConfig = z.strictObject({
  botToken: z.string().optional(),
  signingSecret: z.string().optional().describe('For Slack calling us over HTTP'),
  appToken: z.string().startsWith('xapp-').optional().describe('For Socket Mode, in which we call Slack'),
  channel: z.string().optional(),
  channels: channelsByGroup.prefault({}),
  teamId: z.string().optional(),
  offerExceptionAfter: z.coerce
    .number()
    .int()
    .min(0)
    .default(5)
    .describe('So many approvals alike in two weeks, and a card offers to propose an exception; 0: never'),
  apiUrl: z.url().default('https://slack.com/api/'),
})
