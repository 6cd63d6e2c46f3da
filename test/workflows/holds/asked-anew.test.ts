import { afterAll, beforeAll, expect, test } from 'vitest'
import { approve, openStage, request, type Stage } from '../stage.ts'

/** What was approved and is asked anew leads to the hold that took its place, and people are told. */
let stage: Stage
beforeAll(async () => {
  stage = await openStage()
  await stage.pool.query(
    "INSERT INTO delivery (name, active) VALUES ('inbox', true) ON CONFLICT (name) DO UPDATE SET active = true",
  )
})
afterAll(() => stage[Symbol.asyncDispose]())

const noticesOf = async (hold: string): Promise<readonly string[]> =>
  (await stage.pool.query('SELECT reason FROM outbox WHERE hold = $1 ORDER BY id', [hold])).rows.map(
    ({ reason }) => reason,
  )

test('the former one names the newest of those that took its place, and its card and mail are due', async () => {
  const former = await stage.holds.create(request())
  expect(former.anewAs).toBeNull()
  await approve(stage, former.id, 'ben')
  const anew = await stage.holds.create(request({ anewOf: former.id }))
  expect(await stage.holds.find(former.id)).toMatchObject({ status: 'approved', anewAs: anew.id })
  expect(await stage.holds.find(anew.id)).toMatchObject({ anewOf: former.id, anewAs: null })
  expect(await noticesOf(former.id)).toContain('asked_anew')
  stage.clock.ms += 1_000
  const newest = await stage.holds.create(request({ anewOf: former.id }))
  expect(await stage.holds.find(former.id)).toMatchObject({ anewAs: newest.id })
})

test('one that is not known any more keeps nobody from asking', async () => {
  const anew = await stage.holds.create(request({ anewOf: 'hold_of_before' }))
  expect(anew).toMatchObject({ status: 'pending', anewOf: 'hold_of_before' })
})
