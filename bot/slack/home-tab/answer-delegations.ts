import type { App } from '@slack/bolt'
import { HoldpointError } from '../../../errors.ts'
import { createDelegations, recordRefusedDelegation } from '../../../workflows/directory/delegations.ts'
import { line } from '../../text/bounded-text.ts'
import { type AnswerParts, type Click, clickOf, clickOfView, linkFor } from '../answers/click.ts'
import { sentence, toStranger } from '../answers/private-sentences.ts'
import { type LinkedPerson, type SlackUserReference, standingOf } from '../answers/standing.ts'
import { DELEGATION_VIEW, delegationIn, delegationView } from './delegation-view.ts'
import { homeAction } from './home-view.ts'

/**
 * Who answers for somebody while they are away, said on the home tab by who is away. Both are people by their links:
 * whom Slack shows under a name decides nothing.
 */
export function answerDelegations(
  app: App,
  parts: AnswerParts & { readonly shown: (user: SlackUserReference) => Promise<void> },
): void {
  const { pool, now, client } = parts
  const delegations = createDelegations(pool, now)

  app.action({ type: 'block_actions', action_id: homeAction.delegate }, async ({ ack, body, action, respond }) => {
    await ack()
    await tried(clickOf(body, action, respond, parts), parts, async () =>
      client.views.open({ trigger_id: body.trigger_id, view: delegationView(now()) }),
    )
  })

  app.view({ type: 'view_submission', callback_id: DELEGATION_VIEW }, async ({ ack, body, view }) => {
    await ack()
    const click = clickOfView(body, JSON.stringify({ hold: '', on: null }), parts)
    await tried(click, parts, async (person) => {
      const wanted = delegationIn(view.state)
      if (wanted === null) return click.tell(sentence.delegationIncomplete)
      const chosen = await standingOf({ userId: wanted.user, teamId: click.user.teamId }, parts)
      if ('stranger' in chosen) {
        await recordRefusedDelegation(
          pool,
          new Date(now()),
          `${person.issuer} ${person.subject}`,
          `to_${chosen.stranger}`,
        )
        return click.tell(sentence.delegateNotLinked)
      }
      await delegations.delegate({ from: person, to: chosen.person, startsAt: wanted.from, endsAt: wanted.until })
      await parts.shown(click.user)
      return click.tell(sentence.delegated(line(chosen.person.name, 60)))
    })
  })

  app.action({ type: 'block_actions', action_id: homeAction.endDelegation }, async ({ ack, body, action, respond }) => {
    await ack()
    const click = clickOf(body, action, respond, parts)
    await tried(click, parts, async (person) => {
      await delegations.revoke(click.hold, person)
      await parts.shown(click.user)
      return click.tell(sentence.delegationEnded)
    })
  })
}

async function tried(click: Click, parts: AnswerParts, act: (person: LinkedPerson) => Promise<unknown>): Promise<void> {
  try {
    const standing = await standingOf(click.user, parts)
    if ('stranger' in standing) {
      const { stranger } = standing
      const by = `slack:${click.user.teamId}/${click.user.userId}`
      await recordRefusedDelegation(parts.pool, new Date(parts.now()), by, stranger)
      const words = stranger === 'not_linked' ? await linkFor(click.user, parts) : toStranger(stranger)
      return void (await click.tell(words))
    }
    await act(standing.person)
  } catch (err) {
    if (err instanceof HoldpointError) return void (await click.tell(line(err.message, 300)))
    parts.log.error({ err }, 'a delegation in Slack could not be made')
    await click.tell(sentence.failed).catch(() => undefined)
  }
}
