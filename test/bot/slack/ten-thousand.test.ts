import { afterAll, beforeAll, expect, test } from 'vitest'
import { copyHold, queriesOf } from '../../harness/many-holds.ts'
import { homeProblems } from '../../stand-ins/block-kit.ts'
import { CHANNEL, openWorkspace, USERS, type Workspace } from './workspace.ts'

/** What Slack shows while ten thousand wait is bounded, says that it is not all, and costs no more than with a few. */
let workspace: Workspace
let few: number
const openHome = async (): Promise<void> => {
  await workspace.slackApi.openHome(USERS.ben)
  await workspace.slack.settled()
}
const list = async (): Promise<void> => {
  await workspace.slackApi.command(USERS.ben, CHANNEL, '/holdpoint', 'list')
  await workspace.slack.settled()
}

beforeAll(async () => {
  workspace = await openWorkspace()
  const { hold } = await workspace.posted()
  await copyHold(workspace.pool, hold.id, 150)
  few = (await queriesOf(workspace.pool, openHome)) + (await queriesOf(workspace.pool, list))
  await copyHold(workspace.pool, hold.id, 9_849)
})
afterAll(() => workspace[Symbol.asyncDispose]())

test('the home tab fits Slack, and does not pretend to have counted them', async () => {
  await openHome()
  const view = workspace.slackApi.homes.get(USERS.ben)?.view
  expect(homeProblems(view)).toEqual([])
  expect(JSON.stringify(view)).toContain('Waits for your answer: more than 100')
  expect(JSON.stringify(view)).toContain('and many more, in the console.')
})

test('/holdpoint list names the newest and where the others are', async () => {
  await list()
  const lines = (await workspace.told(USERS.ben)).split('\n')
  expect(lines).toHaveLength(21)
  expect(lines.at(-1)).toBe('These are the newest. There are more, in the console.')
})

test('neither asks the state database more than with a few', async () => {
  expect((await queriesOf(workspace.pool, openHome)) + (await queriesOf(workspace.pool, list))).toBe(few)
})
