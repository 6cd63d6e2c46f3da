import type { types } from '@slack/bolt'
import type { Span } from '../../text/span.ts'

/**
 * Blocks without markup. Slack parses mrkdwn (links, mentions, back-ticks, bold) in `mrkdwn` texts only; a rich_text
 * element's text is shown as it is. So nothing on a card is mrkdwn, and there is nothing to escape or to forget.
 */
/** `user`: a Slack user, whom the mention tells. */
export type SlackSpan = Span | { readonly user: string }

type Element = types.RichTextElement

/** One line of text; times are shown in the reader's own time zone. */
export function paragraph(...spans: readonly SlackSpan[]): types.RichTextBlock {
  return blockOf([sectionElement(...spans)])
}

/** Several elements in one block: less space between them, and less of Slack's blocks used up. */
export function blockOf(elements: types.RichTextBlock['elements']): types.RichTextBlock {
  return { type: 'rich_text', elements }
}

export function sectionElement(...spans: readonly SlackSpan[]): types.RichTextSection {
  return { type: 'rich_text_section', elements: spans.map(element) }
}

export function preformattedElement(text: string): types.RichTextPreformatted {
  return { type: 'rich_text_preformatted', elements: [{ type: 'text', text: text === '' ? ' ' : text }] }
}

export function list(heading: string, items: readonly (readonly Span[])[]): types.RichTextBlock {
  const rows = items.map((spans) => ({ type: 'rich_text_section' as const, elements: spans.map(element) }))
  return {
    type: 'rich_text',
    elements: [
      { type: 'rich_text_section', elements: [element({ bold: heading })] },
      { type: 'rich_text_list', style: 'bullet', elements: rows },
    ],
  }
}

/** Where SQL and its parameters go, and the only place. */
export function preformatted(heading: string, text: string): types.RichTextBlock {
  return blockOf([sectionElement({ bold: heading }), preformattedElement(text)])
}

function element(span: SlackSpan): Element {
  if (typeof span === 'string') return { type: 'text', text: span }
  if ('bold' in span) return { type: 'text', text: span.bold, style: { bold: true } }
  if ('code' in span) return { type: 'text', text: span.code, style: { code: true } }
  if ('user' in span) return { type: 'user', user_id: span.user }
  if ('link' in span) return { type: 'link', url: span.url, text: span.link }
  const timestamp = Math.floor(Date.parse(span.at) / 1_000)
  return { type: 'date', timestamp, format: '{date_short_pretty} {time_secs}', fallback: utc(span.at) }
}

/** For readers whose client cannot show Slack's dates. */
function utc(at: string): string {
  return `${new Date(at).toISOString().slice(0, 19).replace('T', ' ')} UTC`
}

export function button(options: {
  readonly actionId: string
  readonly label: string
  readonly value: string
  readonly style?: 'primary' | 'danger'
}): types.Button {
  const { actionId, label, value, style } = options
  return {
    type: 'button',
    action_id: actionId,
    value,
    text: { type: 'plain_text', text: label, emoji: false },
    ...(style ? { style } : {}),
  }
}

/** For `text`, the line in notifications, the one thing Slack may parse. docs.slack.dev/messaging/formatting-message-text */
export function escapeMrkdwn(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}
