import { HoldpointError } from '../../errors.ts'

export type SlackErrorCode =
  /** Slack asked to wait; `retryAfterMs` says how long. */
  | 'slack_rate_limited'
  /** No answer, or one that says that Slack itself is in trouble. */
  | 'slack_unreachable'
  /** Slack refused and will refuse again until somebody changes something. */
  | 'slack_refused'
  /** Another process is at the same card; nothing is wrong with Slack. */
  | 'slack_card_busy'
  /** slack.botToken is set and something that goes with it is not. */
  | 'slack_not_configured'

/** Something that had to reach people through Slack did not. */
export class SlackError extends HoldpointError {
  readonly code: SlackErrorCode
  readonly retryable: boolean
  readonly retryAfterMs: number | null
  /** True of everything for Slack, and not of one card. */
  readonly outage: boolean
  /** Slack's own word for it, e.g. channel_not_found. */
  readonly reason: string

  constructor(
    code: SlackErrorCode,
    message: string,
    options: ErrorOptions & { readonly hint?: string; readonly reason?: string; readonly retryAfterMs?: number } = {},
  ) {
    super(message, options)
    this.code = code
    this.reason = options.reason ?? code
    this.outage = code === 'slack_rate_limited' || code === 'slack_unreachable'
    this.retryable = this.outage || code === 'slack_card_busy'
    this.retryAfterMs = options.retryAfterMs ?? null
  }
}
