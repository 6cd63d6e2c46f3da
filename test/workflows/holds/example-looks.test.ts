import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { forgetLooks, type Look, ONE_LOOK_MS, recordLook } from '../../../workflows/holds/example-looks.ts'
import { ana, openStage, reportBot, type Stage } from '../stage.ts'

/** Who saw which rows of data is on record, once for the same person and the same rows within some minutes. */
let stage: Stage
beforeAll(async () => {
  stage = await openStage()
})
afterAll(() => stage[Symbol.asyncDispose]())

let holds = 0
let look: Look
beforeEach(() => {
  look = {
    ...{ hold: `hold_${++holds}`, by: ana, via: 'console', rows: 1, policy: 'p' },
    ...{ clear: ['public.customers.name'], masked: ['public.customers.email'], hidden: [] },
  }
})

const looks = (changes: Partial<Look> = {}, inMs = 0): Promise<boolean> =>
  recordLook(stage.pool, { ...look, ...changes }, new Date(stage.clock.ms + inMs))
const recorded = async () => (await stage.trail('hold.examples_seen')).filter(({ hold }) => hold === look.hold)

test('the first look is on record as it was', async () => {
  expect(await looks()).toBe(true)
  expect(await recorded()).toEqual([look])
})

test('many at the same moment are one', async () => {
  const all = await Promise.all(Array.from({ length: 20 }, () => looks()))
  expect(all.filter((own) => own)).toHaveLength(1)
  expect(await recorded()).toHaveLength(1)
})

test('the same again is none, until ten minutes are over since the one on record', async () => {
  expect(await looks()).toBe(true)
  expect(await looks({}, ONE_LOOK_MS - 1)).toBe(false)
  expect(await looks({}, ONE_LOOK_MS)).toBe(true)
  expect(await looks({}, ONE_LOOK_MS + 1)).toBe(false)
  expect(await recorded()).toHaveLength(2)
})

test('nor is it another when the token is a newer one, or groups are listed in another order', async () => {
  const by = { ...ana, groups: ['dba', 'engineers'] }
  expect(await looks({ by })).toBe(true)
  expect(await looks({ by: { ...by, groups: ['engineers', 'dba'], expiresAt: '2031-01-01T00:00:00.000Z' } })).toBe(
    false,
  )
})

test('a clock that was ahead keeps nobody from being recorded', async () => {
  expect(await looks({}, 24 * 3_600_000)).toBe(true)
  expect(await looks()).toBe(true)
})

describe('it is another look when', () => {
  test.each<readonly [string, (of: Look) => Partial<Look>]>([
    ['somebody else looks', () => ({ by: { ...ana, subject: 'sub-ben' } })],
    ['an agent looks for them', () => ({ by: reportBot })],
    ['they are in other groups', () => ({ by: { ...ana, groups: ['dba'] } })],
    ['they came by another proof', () => ({ by: { ...ana, provenBy: 'service_token' } })],
    ['it is another hold', ({ hold }) => ({ hold: `${hold}-other` })],
    ['it is from the command line', () => ({ via: 'command_line' })],
    ['another policy decides', () => ({ policy: 'q' })],
    ['a column is clear by now', () => ({ clear: ['public.customers.name', 'public.customers.email'], masked: [] })],
    ['a column is hidden by now', () => ({ hidden: ['public.customers.card'] })],
  ])('%s', async (_, changes) => {
    expect(await looks()).toBe(true)
    expect(await looks(changes(look))).toBe(true)
    expect(await looks()).toBe(false)
  })
})

test('what nothing is compared with any more is forgotten', async () => {
  const kept = async () => (await stage.pool.query('SELECT FROM example_look')).rowCount
  await stage.pool.query('DELETE FROM example_look')
  await looks()
  await looks({ via: 'command_line' }, 1_000)
  await forgetLooks(stage.pool, new Date(stage.clock.ms + ONE_LOOK_MS))
  expect(await kept()).toBe(1)
})
