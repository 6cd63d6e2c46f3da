import type { types } from '@slack/bolt'
import { asSlackError } from '../web-api.ts'
import type { Card } from './approval-card.ts'
import { holdAction } from './hold-actions.ts'
import { paragraph } from './rich-text.ts'

/**
 * Slack's limits are kept when a card is made; should it think otherwise, people are told with less rather than not at
 * all. What is left cannot be answered from: who has not seen the statement goes to the console.
 */
export async function orShorter<T>(card: Card, send: (card: Card) => Promise<T>): Promise<T> {
  try {
    return await send(card)
  } catch (cause) {
    if (!TOO_MUCH.has(asSlackError(cause).reason)) throw cause
    return send(shorterCard(card))
  }
}

/** docs.slack.dev/reference/methods/chat.postMessage, errors */
const TOO_MUCH: ReadonlySet<string> = new Set([
  ...['msg_too_long', 'msg_blocks_too_long', 'invalid_blocks', 'invalid_blocks_format', 'invalid_attachments'],
])

export function shorterCard({ text, blocks }: Card): Card {
  const kept = blocks.filter(({ type }) => type === 'header' || type === 'context')
  const links = blocks.flatMap((block) => (block.type === 'actions' ? block.elements : [])).filter(isConsole)
  const why = paragraph('Slack does not take the whole card. All of it is in the console.')
  const actions: readonly types.KnownBlock[] = links.length === 0 ? [] : [{ type: 'actions', elements: links }]
  const [header, ...rest] = kept
  return { text, blocks: header === undefined ? [why, ...actions] : [header, why, ...actions, ...rest] }
}

function isConsole(element: types.ActionsBlockElement): boolean {
  return 'action_id' in element && element.action_id === holdAction.console
}
