import { afterAll, beforeAll, expect, test } from 'vitest'
import { noticeCheck } from '../../workflows/doctor/notice-check.ts'
import { openStage, request, type Stage } from './stage.ts'

let stage: Stage
beforeAll(async () => {
  stage = await openStage({ now: Date.now })
  await stage.pool.query("INSERT INTO delivery (name, active) VALUES ('slack', true)")
})
afterAll(() => stage[Symbol.asyncDispose]())

const look = () => noticeCheck({ state: { url: stage.url } })()

test('the doctor says that people are told, and when they are not, by what and why', async () => {
  expect(await look()).toMatchObject({ state: 'ok' })
  const [one, two] = [await stage.holds.create(request()), await stage.holds.create(request())]
  expect(await look()).toMatchObject({ state: 'ok' })
  await stage.pool.query("UPDATE outbox SET given_up_at = now(), failure = 'slack_refused' WHERE hold = $1", [one.id])
  await stage.pool.query("UPDATE outbox SET created_at = now() - interval '10 minutes' WHERE hold = $1", [two.id])
  expect(await look()).toMatchObject({
    state: 'wrong',
    text: 'people were not told: slack: 1 given up (slack_refused), 1 waiting',
  })
})

test('the doctor names a channel that takes no cards, and what to do', async () => {
  await stage.pool.query('UPDATE outbox SET sent_at = now(), given_up_at = NULL')
  await stage.pool.query(
    `INSERT INTO slack_trouble (destination, reason, hint, hold, since, last_at)
     SELECT 'C0SECURITY', 'is_archived', 'Choose another slack.channel', id, now(), now() FROM hold LIMIT 1`,
  )
  expect(await look()).toMatchObject({
    state: 'wrong',
    text: 'Slack takes no cards for C0SECURITY (is_archived); others are told instead',
    hint: 'Choose another slack.channel',
  })
})

test('a state database that does not answer is no finding of its own', async () => {
  expect(await noticeCheck({ state: { url: 'postgres://127.0.0.1:1/none' } })()).toMatchObject({ state: 'warning' })
})
