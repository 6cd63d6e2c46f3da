import type { types, webApi } from '@slack/bolt'
import { line } from '../text/bounded-text.ts'
import { escapeMrkdwn, list, paragraph } from './cards/rich-text.ts'
import { SlackError } from './errors.ts'
import { asSlackError } from './web-api.ts'

/** Something that everyone in the channel should know of: a policy release, or that one was refused. */
export interface Announcement {
  readonly headline: string
  /** Label and what is to be said of it. */
  readonly facts: readonly { readonly label: string; readonly text: string }[]
  readonly link?: { readonly text: string; readonly url: string }
}

const FACTS_MAX = 10

/** A pure function of the record; every text is shown as it is, so nothing in it can be markup. */
export function announcementBlocks({ headline, facts, link }: Announcement): readonly types.KnownBlock[] {
  const shown = facts.slice(0, FACTS_MAX).map(({ label, text }) => [{ bold: `${line(label, 40)}: ` }, line(text, 300)])
  const open: types.Button | null =
    link === undefined
      ? null
      : {
          ...{ type: 'button', action_id: 'holdpoint_console', url: link.url },
          text: { type: 'plain_text', text: line(link.text, 60), emoji: false },
        }
  return [
    { type: 'header', text: { type: 'plain_text', text: line(headline, 140), emoji: false } },
    shown.length === 0 ? paragraph(line(headline, 300)) : list('What changed', shown),
    ...(open === null ? [] : [{ type: 'actions' as const, elements: [open] }]),
  ]
}

/** @throws SlackError; posting it again is for the caller, who knows whether it was announced */
export async function postAnnouncement(
  { client, channel }: { readonly client: webApi.WebClient; readonly channel: string },
  announcement: Announcement,
): Promise<void> {
  const text = escapeMrkdwn(line(announcement.headline, 140))
  const blocks = [...announcementBlocks(announcement)]
  try {
    await client.chat.postMessage({ channel, text, blocks, mrkdwn: false, unfurl_links: false, unfurl_media: false })
  } catch (cause) {
    throw cause instanceof SlackError ? cause : asSlackError(cause)
  }
}
