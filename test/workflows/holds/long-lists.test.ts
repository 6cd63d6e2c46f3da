import { afterAll, beforeAll, expect, test } from 'vitest'
import { holdsAskedBy } from '../../../workflows/holds/asked-by.ts'
import type { Hold } from '../../../workflows/holds/hold.ts'
import { type VisibleFilter, visibleHolds } from '../../../workflows/holds/visible-holds.ts'
import { copyHold, queriesOf } from '../../harness/many-holds.ts'
import { ana, openStage, person, reportBot, request, type Stage } from '../stage.ts'

/** Lists in pages: whatever number waits, each hold is on one of them, and no page costs more than another. */
const MANY = 3_000
let stage: Stage
let all: readonly string[]
beforeAll(async () => {
  stage = await openStage()
  const { id } = await stage.holds.create(request())
  all = [id, ...(await copyHold(stage.pool, id, MANY))]
})
afterAll(() => stage[Symbol.asyncDispose]())

const filter: VisibleFilter = {
  ...{ person: { ...person('ben'), groups: ['dba'] }, owned: [], everything: false },
  ...{ which: 'to_answer', only: null, limit: 450 },
}

async function pages(more: Partial<VisibleFilter>): Promise<readonly (readonly Hold[])[]> {
  const read: (readonly Hold[])[] = []
  let after: string | null = null
  do {
    const page = await visibleHolds(stage.pool, { ...filter, ...more, after })
    read.push(page.holds)
    after = page.next
  } while (after !== null)
  return read
}

test.each([
  { what: 'what is theirs to answer', more: {} },
  { what: 'what is pending', more: { which: 'all', status: 'pending' } },
  { what: 'what they judge one by one', more: { only: () => true } },
  { what: 'a page of the very length', more: { limit: MANY + 1 } },
] as const)('$what is on one page each, newest first', async ({ more }) => {
  const holds = (await pages(more)).flat()
  expect(holds.map(({ id }) => id).sort()).toEqual([...all].sort())
  expect(holds.map(({ createdAt }) => createdAt)).toEqual(
    holds.map(({ createdAt }) => createdAt).sort((a, b) => (a < b ? 1 : -1)),
  )
})

test('of many that are somebody else’s to answer by now some are judged, and the list goes on behind them', async () => {
  let judged = 0
  const only = (): boolean => judged++ < 0
  const page = await visibleHolds(stage.pool, { ...filter, only })
  expect([page.holds, judged]).toEqual([[], 2_000])
  expect(await visibleHolds(stage.pool, { ...filter, only, after: page.next })).toEqual({ holds: [], next: null })
  expect(judged).toBe(MANY + 1)
})

test('a page costs the same queries, however many there are behind it', async () => {
  const first = (more: Partial<VisibleFilter>) =>
    queriesOf(stage.pool, () => visibleHolds(stage.pool, { ...filter, limit: 100, ...more }))
  const last = all.length - 101
  expect(await first({})).toBe(await first({ after: (await pages({ limit: 100 })).flat()[last]?.id ?? '' }))
})

test('an asker lists all of their own, and none behind a hold of somebody else', async () => {
  const found: string[] = []
  let after: string | undefined
  do {
    const page: Awaited<ReturnType<typeof holdsAskedBy>> = await holdsAskedBy(stage.pool, ana, { limit: 200, after })
    found.push(...page.holds.map(({ id }) => id))
    after = page.next ?? undefined
  } while (after !== undefined)
  expect(found.sort()).toEqual([...all].sort())
  const others = await stage.holds.create(request({ identity: reportBot }))
  for (const behind of [others.id, 'hold_nosuchhold'])
    expect(await holdsAskedBy(stage.pool, ana, { limit: 200, after: behind })).toEqual({ holds: [], next: null })
})
