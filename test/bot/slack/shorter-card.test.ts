import { afterEach, beforeEach, expect, test } from 'vitest'
import { holdAction } from '../../../bot/slack/cards/hold-actions.ts'
import { sampleHold } from './sample-hold.ts'
import { CHANNEL, openWorkspace, type Workspace } from './workspace.ts'

let workspace: Workspace
beforeEach(async () => {
  workspace = await openWorkspace()
})
afterEach(() => workspace[Symbol.asyncDispose]())

const shown = (): string => JSON.stringify(workspace.card().blocks)

test.each(['msg_too_long', 'invalid_blocks'])(
  '%s: a shorter card is posted, and nothing can be answered there',
  async (error) => {
    workspace.slackApi.misbehave({ method: 'chat.postMessage', times: 1, fault: { kind: 'refused', error } })
    await workspace.posted()
    expect(workspace.card().text).toContain('Needs approval: DELETE')
    expect(shown()).toContain('Slack does not take the whole card')
    expect(shown()).toContain(holdAction.console)
    expect(shown()).not.toContain(holdAction.approve)
  },
)

test('a card that Slack no longer takes when it changes is replaced by a shorter one', async () => {
  const { hold } = await workspace.posted()
  await workspace.holds.withdraw(hold.id)
  workspace.slackApi.misbehave({ method: 'chat.update', times: 1, fault: { kind: 'refused', error: 'msg_too_long' } })
  await workspace.slack.delivery.deliver(hold)
  expect(shown()).toContain('Withdrawn')
  expect(shown()).not.toContain(holdAction.approve)
  expect(workspace.slackApi.messages(CHANNEL)).toHaveLength(1)
})

test('what Slack refuses even then is said', async () => {
  const fault = { kind: 'refused', error: 'invalid_blocks' } as const
  workspace.slackApi.misbehave({ method: 'chat.postMessage', times: 2, fault })
  const hold = await workspace.holds.create(sampleHold({ expiryMs: 900_000 }))
  await expect(workspace.slack.delivery.deliver(hold)).rejects.toMatchObject({ reason: 'invalid_blocks' })
})
