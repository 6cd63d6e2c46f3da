import type { types } from '@slack/bolt'
import type { Hold } from '../../../workflows/holds/hold.ts'
import { samePerson } from '../../../workflows/holds/identity-key.ts'
import { excerpt, line } from '../../text/bounded-text.ts'
import { hiddenStatement } from '../../text/hidden-literals.ts'
import { whoMayAnswer } from '../../text/hold-wording.ts'
import { outcomeOf } from '../../text/outcome-words.ts'
import { brokenGlassOf } from '../../text/what-follows.ts'
import { actions, openInConsole, pendingButtons, reviewButtons } from '../cards/answer-buttons.ts'
import { headline } from '../cards/approval-card.ts'
import { holdAction } from '../cards/hold-actions.ts'
import { button, list, paragraph, preformatted } from '../cards/rich-text.ts'
import { isShownWhole } from '../cards/statement-section.ts'
import type { Inbox } from './inbox.ts'

/** The app's home tab: a person's inbox. A pure function of what concerns them. */
export const homeAction = {
  tellMe: 'holdpoint_tell_me',
  doNotTellMe: 'holdpoint_do_not_tell_me',
  delegate: 'holdpoint_delegate',
  /** The value is the id of the delegation. */
  endDelegation: 'holdpoint_end_delegation',
} as const

// A home tab has 100 blocks at most: 4 × 8 that wait, 3 × 4 reviews, 2 × 4 and 2 × 4, 2 × 9, and the headings.
const WAITING_SHOWN = 8
const REVIEWS_SHOWN = 4
const EXPLAINED_SHOWN = 4
const DELEGATIONS_SHOWN = 4
const OTHERS_SHOWN = 8
const EXCERPT_BUDGET = 600
const ALIKE_SHOWN = 3
const ALIKE_BUDGET = 200

export function homeView(inbox: Inbox, holdUrl: (hold: string) => string): types.HomeView {
  const { waiting, asked, answered } = inbox
  // Those of one asker that differ in constants only stand together, as on their card.
  const entries = [...Map.groupBy(waiting, ({ id, gathering }) => gathering?.key ?? id).values()]
  const rest = entries.slice(WAITING_SHOWN).flat().length
  const count = inbox.more ? `more than ${waiting.length}` : `${waiting.length}`
  return {
    type: 'home',
    blocks: [
      heading(waiting.length === 0 && !inbox.more ? 'Nothing waits for you' : `Waits for your answer: ${count}`),
      ...entries.slice(0, WAITING_SHOWN).flatMap((alike) => entryBlocks(alike, inbox.more, holdUrl)),
      ...(rest > 0 || inbox.more
        ? [paragraph(inbox.more ? 'and many more, in the console.' : `and ${rest} more, in the console.`)]
        : []),
      ...reviews(inbox, holdUrl),
      ...explanations(inbox, holdUrl),
      ...section('You asked, in the last seven days', asked, holdUrl),
      ...section('You answered, in the last seven days', answered, holdUrl),
      ...away(inbox),
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

function entryBlocks(
  alike: readonly Hold[],
  notAllRead: boolean,
  holdUrl: (hold: string) => string,
): readonly types.KnownBlock[] {
  const [hold] = alike
  if (hold === undefined) return []
  if (alike.length === 1) return waitingBlocks(hold, holdUrl(hold.id))
  const { facts, target, identity, gathering } = hold
  const count = notAllRead ? Math.max(alike.length, gathering?.pending ?? 0) : alike.length
  const what = `${count} × ${line(facts.tag, 30)} on ${line(target.name, 40)} for ${line(identity.name, 50)}`
  const some = alike.slice(0, ALIKE_SHOWN).map((one) => excerpt(hiddenStatement(one), ALIKE_BUDGET).text)
  const more = count - some.length
  return [
    paragraph({ bold: what }, `. They differ in constants only, and each needs ${whoMayAnswer(hold)}.`),
    preformatted('Statements', [...some, ...(more > 0 ? [`[… and ${more} more]`] : [])].join('\n')),
    actions([
      button({ actionId: holdAction.oneByOne, label: 'One by one', value: hold.id, style: 'primary' }),
      openInConsole(hold, holdUrl(hold.id)),
    ]),
    { type: 'divider' },
  ]
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

/** Run by breaking the glass, and not looked at since. */
function reviews({ toReview }: Inbox, holdUrl: (hold: string) => string): readonly types.KnownBlock[] {
  if (toReview.length === 0) return []
  return [
    heading(`To be reviewed: ${toReview.length}`),
    ...toReview
      .slice(0, REVIEWS_SHOWN)
      .flatMap((hold) => [
        list(headline(hold), brokenGlassOf(hold)),
        preformatted('Statement', excerpt(hiddenStatement(hold), EXCERPT_BUDGET).text),
        actions([...reviewButtons(hold), openInConsole(hold, holdUrl(hold.id))]),
      ]),
  ]
}

/** Nobody can approve these before it is said. */
function explanations({ toExplain }: Inbox, holdUrl: (hold: string) => string): readonly types.KnownBlock[] {
  if (toExplain.length === 0) return []
  return [
    heading('Say why, before they can be approved'),
    ...toExplain
      .slice(0, EXPLAINED_SHOWN)
      .flatMap((hold) => [
        preformatted(headline(hold), excerpt(hiddenStatement(hold), EXCERPT_BUDGET).text),
        actions([
          button({ actionId: holdAction.sayWhy, label: 'Say why', value: hold.id, style: 'primary' }),
          openInConsole(hold, holdUrl(hold.id)),
        ]),
      ]),
  ]
}

/** Who answers for them while they are away, and for whom they do. */
function away({ delegations, person }: Inbox): readonly types.KnownBlock[] {
  const lines = delegations.slice(0, DELEGATIONS_SHOWN).flatMap(({ id, from, to, startsAt, endsAt }) => {
    const who = samePerson(from, person)
      ? [{ bold: line(to.name, 60) }, ' may answer for you from ']
      : ['You may answer for ', { bold: line(from.name, 60) }, ' from ']
    const end = button({ actionId: homeAction.endDelegation, label: 'End it', value: id })
    return [paragraph(...who, { at: startsAt }, ' until ', { at: endsAt }, '.'), actions([end])]
  })
  const text = 'Somebody else can answer in your place while you are away.'
  const accessory = button({ actionId: homeAction.delegate, label: 'Let somebody answer for me…', value: 'delegate' })
  return [
    heading('While you are away'),
    ...lines,
    { type: 'section', text: { type: 'plain_text', text, emoji: false }, accessory },
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
