import { type AppOptions, type Logger, LogLevel, webApi } from '@slack/bolt'
import type { Config } from '../../config.ts'
import type { Log } from '../../log.ts'
import type { Pace } from './cards/pace.ts'
import { SlackError } from './errors.ts'

/**
 * How Slack's Web API is called. No retries inside the client: it would hold a worker for half an hour and forget
 * everything at a restart. Whatever cannot be done now is thrown, and the outbox does it again.
 */
export type ClientOptions = NonNullable<AppOptions['clientOptions']>

/** How Slack is called; what is left out is as usual. */
export interface SlackCalls {
  readonly pace?: Pace
  /** Of one call. */
  readonly timeoutMs?: number
}

const TIMEOUT_MS = 10_000

export function clientOptions(slack: Config['slack'], log: Log, timeout = TIMEOUT_MS): ClientOptions {
  return {
    slackApiUrl: slack.apiUrl,
    allowAbsoluteUrls: false,
    rejectRateLimitedCalls: true,
    retryConfig: { retries: 0 },
    timeout,
    logger: quietLogger(log),
  }
}

/** Bolt's and the client's own words. Their debug lines quote whole requests, statements included, so they have none. */
export function quietLogger(log: Log): Logger {
  const said = (words: readonly unknown[]): string => words.filter((word) => typeof word === 'string').join(' ')
  return {
    debug: () => undefined,
    info: () => undefined,
    warn: (...words) => log.warn({ slack: said(words) }, 'Slack client warns'),
    error: (...words) => log.warn({ slack: said(words) }, 'Slack client reports an error'),
    setLevel: () => undefined,
    getLevel: () => LogLevel.WARN,
    setName: () => undefined,
  }
}

/** Slack's words for trouble on its own side; docs.slack.dev/reference/methods names them for every method. */
const PASSING = new Set([
  'fatal_error',
  'internal_error',
  'request_timeout',
  'service_unavailable',
  'team_added_to_org',
])

const HINTS: Readonly<Record<string, string>> = {
  channel_not_found: 'Check slack.channel, and that the app is a member of it',
  not_in_channel: 'Invite the app to the channel',
  is_archived: 'Choose another slack.channel',
  invalid_auth: 'Check slack.botToken',
  token_revoked: 'Install the app again and set the new slack.botToken',
  account_inactive: 'Install the app again and set the new slack.botToken',
  missing_scope: 'Give the app the scopes that the README lists and install it again',
}

/** What a call threw, as a SlackError that says whether another try can help. */
export function asSlackError(cause: unknown): SlackError {
  if (cause instanceof SlackError) return cause
  if (cause instanceof webApi.WebAPIRateLimitedError) {
    const retryAfterMs = cause.retryAfter * 1_000
    return new SlackError('slack_rate_limited', 'Slack asks to wait', { cause, retryAfterMs, reason: 'ratelimited' })
  }
  if (!(cause instanceof webApi.WebAPIPlatformError))
    return new SlackError('slack_unreachable', 'Slack does not answer', { cause })
  const reason = cause.data.error
  if (PASSING.has(reason))
    return new SlackError('slack_unreachable', `Slack is in trouble: ${reason}`, { cause, reason })
  const hint = HINTS[reason]
  return new SlackError('slack_refused', `Slack refuses: ${reason}`, { cause, reason, ...(hint ? { hint } : {}) })
}
