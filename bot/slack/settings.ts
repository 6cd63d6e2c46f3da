import type { Config } from '../../config.ts'
import { SlackError } from './errors.ts'

/** What Slack cannot do without: a token, a channel, and a way for it to reach us. */
export interface SlackSettings {
  readonly botToken: string
  readonly channel: string
  readonly signingSecret: string | undefined
  readonly appToken: string | undefined
}

/**
 * @returns null when Slack is not configured
 * @throws SlackError slack_not_configured when it is half configured
 */
export function settingsOf({ botToken, signingSecret, appToken, channel }: Config['slack']): SlackSettings | null {
  if (!botToken && !signingSecret && !appToken && !channel) return null
  if (botToken && channel && (signingSecret || appToken)) return { botToken, signingSecret, appToken, channel }
  throw new SlackError('slack_not_configured', 'Slack is only half configured', {
    hint: 'Set slack.botToken, slack.channel and one of slack.signingSecret and slack.appToken, or none of them',
  })
}
