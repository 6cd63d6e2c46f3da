import { type types, webApi } from '@slack/bolt'
import type { Config } from '../../config.ts'
import type { Log } from '../../log.ts'
import type { ReleaseAnnouncer, ReleaseNotice } from '../../workflows/releases/notices.ts'
import { line } from '../text/bounded-text.ts'
import { holdAction } from './cards/hold-actions.ts'
import { pinAction } from './cards/pin-actions.ts'
import { button, escapeMrkdwn, list, paragraph } from './cards/rich-text.ts'
import { asSlackError, clientOptions } from './web-api.ts'

/** Releases of the policies, in the channel of the holds. */
export function slackReleaseAnnouncer(slack: Config['slack'], log: Log): ReleaseAnnouncer | null {
  const { botToken, channel } = slack
  if (!botToken || !channel) return null
  const client = new webApi.WebClient(botToken, clientOptions(slack, log))
  return {
    async announce(notice) {
      const text = escapeMrkdwn(line(notice.title, TITLE_MAX))
      const blocks = [...noticeBlocks(notice)]
      await client.chat
        .postMessage({ channel, text, blocks, mrkdwn: false, unfurl_links: false, unfurl_media: false })
        .catch((cause: unknown) => {
          throw asSlackError(cause)
        })
    },
  }
}

const CONFIRMS =
  'Confirming puts it back in force at once, everywhere, and is recorded under your name. Whoever asked cannot. Without it nothing changes, and in an hour the request lapses.'
const TITLE_MAX = 300
const LINE_MAX = 300
const LINES_MAX = 25

/**
 * A pure function of the notice. Titles of pull requests and rules come from whoever wrote them: they stand in text
 * elements, which Slack neither links nor marks up.
 */
export function noticeBlocks({ kind, title, lines, url, pin }: ReleaseNotice): readonly types.KnownBlock[] {
  const more = lines.length > LINES_MAX ? [`and ${lines.length - LINES_MAX} more`] : []
  const shown = [...lines.slice(0, LINES_MAX), ...more].map((each) => [line(each, LINE_MAX)])
  const heading = line(title, TITLE_MAX)
  const open: types.Button | null =
    url === null
      ? null
      : {
          ...{ type: 'button', action_id: holdAction.console, url },
          text: { type: 'plain_text', text: 'Look at it', emoji: false },
        }
  const buttons = [...(pin === undefined ? [] : pinButtons(kind, pin)), ...(open === null ? [] : [open])]
  return [
    shown.length === 0 ? paragraph({ bold: heading }) : list(heading, shown),
    ...(kind === 'pin_requested' && pin !== undefined ? [paragraph(CONFIRMS)] : []),
    ...(buttons.length === 0 ? [] : [{ type: 'actions' as const, elements: buttons }]),
  ]
}

/** Whoever clicks is asked for again: another administrator for the one, any administrator for the other. */
function pinButtons(kind: ReleaseNotice['kind'], value: string): readonly types.Button[] {
  if (kind === 'pin_requested')
    return [button({ actionId: pinAction.confirm, label: 'Confirm as second administrator', value, style: 'primary' })]
  return kind === 'pinned' ? [button({ actionId: pinAction.end, label: 'End the pin', value, style: 'danger' })] : []
}
