import { type types, webApi } from '@slack/bolt'
import type { Config } from '../../config.ts'
import type { Log } from '../../log.ts'
import type { ReleaseAnnouncer, ReleaseNotice } from '../../workflows/releases/notices.ts'
import { asSlackError, clientOptions } from './web-api.ts'

/**
 * Releases of the policies, in the channel of the holds. Titles of pull requests and rules come from whoever wrote them:
 * all of it is plain text, which Slack neither links nor marks up.
 */
export function slackReleaseAnnouncer(slack: Config['slack'], log: Log): ReleaseAnnouncer | null {
  const { botToken, channel } = slack
  if (!botToken || !channel) return null
  const client = new webApi.WebClient(botToken, clientOptions(slack, log))
  return {
    async announce(notice) {
      const [text, blocks] = [plain(notice.title, TEXT_CHARS_MAX), noticeBlocks(notice)]
      await client.chat
        .postMessage({ channel, text, blocks, mrkdwn: false, parse: 'none', unfurl_links: false, unfurl_media: false })
        .catch((cause: unknown) => {
          throw asSlackError(cause)
        })
    },
  }
}

/** docs.slack.dev/reference/block-kit/blocks: a section holds 3,000 characters. */
const TEXT_CHARS_MAX = 2_900
const LINES_MAX = 25

export function noticeBlocks({ title, lines, url }: ReleaseNotice): types.SectionBlock[] {
  const shown = lines.slice(0, LINES_MAX).map((line) => `• ${plain(line, 300)}`)
  const more = lines.length > LINES_MAX ? [`and ${lines.length - LINES_MAX} more`] : []
  return [
    section(plain(title, TEXT_CHARS_MAX)),
    ...(shown.length === 0 ? [] : [section([...shown, ...more].join('\n').slice(0, TEXT_CHARS_MAX))]),
    ...(url === null ? [] : [section(url)]),
  ]
}

function section(text: string): types.SectionBlock {
  return { type: 'section', text: { type: 'plain_text', text, emoji: false } }
}

/** One line without anything that hides or reorders; the mark of a mention is broken, since `text` knows mentions. */
function plain(text: string, max: number): string {
  const shown = text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ').replaceAll(/[<>&]/g, ' ')
  return shown.slice(0, max).toWellFormed()
}
