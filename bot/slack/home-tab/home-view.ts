import type { types } from '@slack/bolt'
import type { Hold } from '../../../workflows/holds/hold.ts'
import { excerpt, line } from '../../text/bounded-text.ts'
import { hiddenStatement } from '../../text/hidden-literals.ts'
import { outcomeOf, whoMayAnswer } from '../../text/hold-wording.ts'
import { openInConsole, pendingButtons } from '../cards/answer-buttons.ts'
import { headline } from '../cards/approval-card.ts'
import { button, paragraph, preformatted } from '../cards/rich-text.ts'
import { isShownWhole } from '../cards/statement-section.ts'
import type { Inbox } from './inbox.ts'

/** The app's home tab: a person's inbox. A pure function of what concerns them. */
export const homeAction = {
  tellMe: 'holdpoint_tell_me',
  doNotTellMe: 'holdpoint_do_not_tell_me',
} as const

// A home tab has 100 blocks at most; each that waits takes four, each other one.
const WAITING_SHOWN = 12
const OTHERS_SHOWN = 8
const EXCERPT_BUDGET = 600

export function homeView(inbox: Inbox, holdUrl: (hold: string) => string): types.HomeView {
  const { waiting, asked, answered } = inbox
  const more = waiting.length - WAITING_SHOWN
  return {
    type: 'home',
    blocks: [
      heading(waiting.length === 0 ? 'Nothing waits for you' : `Waits for your answer: ${waiting.length}`),
      ...waiting.slice(0, WAITING_SHOWN).flatMap((hold) => waitingBlocks(hold, holdUrl(hold.id))),
      ...(more > 0 ? [paragraph(`and ${more} more, in the console.`)] : []),
      ...section('You asked, in the last seven days', asked, holdUrl),
      ...section('You answered, in the last seven days', answered, holdUrl),
      ...settings(inbox),
    ],
  }
}

/** For those whom Holdpoint does not know: it says how to become known. */
export function strangerView(words: string): types.HomeView {
  const says = { type: 'plain_text', text: words, emoji: false } as const
  return { type: 'home', blocks: [heading('Holdpoint'), { type: 'section', text: says }] }
}

function heading(text: string): types.HeaderBlock {
  return { type: 'header', text: { type: 'plain_text', text: line(text, 140), emoji: false } }
}

function waitingBlocks(hold: Hold, consoleUrl: string): readonly types.KnownBlock[] {
  const { text, whole: all } = excerpt(hiddenStatement(hold), EXCERPT_BUDGET)
  // Who answers here has seen all of it here; parameters are on the card and in Details only.
  const whole = all && hold.parameters.length === 0 && isShownWhole(hold)
  return [
    paragraph({ bold: headline(hold) }, `. It needs ${whoMayAnswer(hold)}, until `, { at: hold.expiresAt }, '.'),
    preformatted('Statement', all ? text : `${text}\n[… not shown whole]`),
    pendingButtons(hold, { consoleUrl, whole }),
    { type: 'divider' },
  ]
}

function section(
  title: string,
  holds: readonly Hold[],
  holdUrl: (hold: string) => string,
): readonly types.KnownBlock[] {
  if (holds.length === 0) return []
  return [heading(title), ...holds.slice(0, OTHERS_SHOWN).map((hold) => lineOf(hold, holdUrl(hold.id)))]
}

function lineOf(hold: Hold, url: string): types.SectionBlock {
  const state = outcomeOf(hold) ?? 'Waiting for an answer.'
  const open = openInConsole(hold, url, 'Open')
  const text = line(`${headline(hold)}. ${state}`, 2_000)
  return { type: 'section', text: { type: 'plain_text', text, emoji: false }, accessory: open }
}

function settings({ privateMessages }: Inbox): readonly types.KnownBlock[] {
  const text = privateMessages
    ? 'Requests that you may answer come to you as private messages, too.'
    : 'Requests that you may answer are shown in their channel. You can have them as private messages, too.'
  const accessory = privateMessages
    ? button({ actionId: homeAction.doNotTellMe, label: 'Stop private messages', value: 'stop' })
    : button({ actionId: homeAction.tellMe, label: 'Send me private messages', value: 'start' })
  return [heading('Your settings'), { type: 'section', text: { type: 'plain_text', text, emoji: false }, accessory }]
}
