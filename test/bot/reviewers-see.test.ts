import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Hold, HoldRequest } from '../../workflows/holds/hold.ts'
import { bot, type GateStand } from '../proxy/gate-stand.ts'
import { type Asks, askedFor, at, openShop, wholeAskedFor } from './asked-of-reviewers.ts'
import { COMMIT, DOORS, type Door, type EveryDoor, openEveryDoor } from './every-door.ts'
import { FULL, itemsWith, KINDS, type Surface } from './reviewer-items.ts'

import { rightsOfReaders } from './rights-of-readers.ts'

/**
 * The list of what a reviewer needs to see, item by item and door by door. Nothing of it may be lost in silence: an item
 * names every door, and `never` what must not be shown there.
 */
let shop: GateStand
let doors: EveryDoor
beforeAll(async () => {
  shop = await openShop()
  doors = await openEveryDoor((await askedFor(shop, 'SELECT 1')).policyDigest, rightsOfReaders(shop).examplesFor)
}, 360_000)
afterAll(async () => {
  await doors?.[Symbol.asyncDispose]()
  await shop?.[Symbol.asyncDispose]()
})

async function held(sql: string, asks: Asks = {}, changes: Partial<HoldRequest> = {}): Promise<Hold> {
  const { site } = doors
  const identity = at(site.issuer, asks.identity ?? bot)
  const { request, examples } = await wholeAskedFor(shop, sql, { ...asks, identity })
  const reviewers = [{ group: 'dba', count: 1 }]
  return site.holds.create({ ...request, decision: { ...request.decision, reviewers }, ...changes }, examples)
}

const bound = { types: [23, 25], formats: [1, 0], values: [Buffer.from([0, 0, 0, 20]), null] }
const locks = [{ on: 'public.customers', mode: 'RowExclusiveLock' }]

/** One hold with all of it, and one before it that was rejected. */
let full: Hold
beforeAll(async () => {
  const earlier = await held('DROP TABLE products')
  await doors.site.holds.vote(
    earlier.id,
    { issuer: doors.site.issuer, subject: 'ben' },
    { choice: 'reject', reason: 'no', via: 'console' },
  )
  full = await held(FULL, { bound, locks, application: 'psycopg 3.2', reason: 'ticket 812' })
}, 60_000)

/** Where each door finds what it has to say. */
const SURFACE: Readonly<Record<Door, Surface>> = {
  ...{ card: 'Slack', details: 'Slack', 'mail, plain': 'mail', 'mail, HTML': 'mail' },
  ...{ console: 'console', 'command line': 'command line', API: 'API' },
}

const TODAY = new Date().toLocaleDateString('en-GB', { dateStyle: 'medium', timeZone: 'UTC' })
const LINK = `https://github.com/acme/policies/blob/${COMMIT}/policies/rules/production/unbounded_write.rego#L`
const NAMES = itemsWith({}).map(({ item }) => item)

describe.each(DOORS)('the %s', (door) => {
  let shown: string
  beforeAll(async () => {
    shown = await doors.shown(full, door)
  }, 60_000)

  test.each(NAMES)('%s', (name) => {
    const { expiresAt: EXPIRES } = full
    const UNTIL = EXPIRES.slice(0, 16).replace('T', ' ')
    const said = itemsWith({ FULL, TODAY, LINK, UNTIL, EXPIRES }).find(({ item }) => item === name)?.[SURFACE[door]]
    if (said === undefined) throw new Error(`${name} says nothing`)
    if ('never' in said) expect(shown).not.toContain(said.never)
    else expect(shown).toContain(said.shows)
  })
})

describe.each(['console', 'command line', 'API'] as const)('two reviewers of one hold in the %s', (door) => {
  test('see the values of its rows each as they may', async () => {
    expect(await doors.shown(full, door, 'cleo')).toContain('canary1@x.org')
    const shown = await doors.shown(full, door, 'ben')
    expect(shown).not.toContain('canary')
    expect(shown).toContain('c***@***.org')
  })
})

describe('what is compared with a protected column', () => {
  let search: Hold
  beforeAll(async () => {
    search = await held("SELECT id, name FROM customers WHERE email = 'canary@x.org' AND id < 7")
  })

  test.each(['card', 'details', 'mail, plain', 'mail, HTML'] as const)('never stands in the %s', async (door) => {
    const shown = await doors.shown(search, door)
    expect(shown).not.toContain('canary@x.org')
    expect(shown).toContain('email = ‹hidden›')
    expect(shown).toMatch(/said in the console only/)
    expect(shown).not.toMatch(/Approve(?! alike)\b/)
  })

  test.each(['console', 'command line', 'API'] as const)('stands in the %s for who may see it', async (door) => {
    expect(await doors.shown(search, door, 'cleo')).toContain("email = 'canary@x.org'")
    expect(await doors.shown(search, door, 'ben')).not.toContain('canary@x.org')
  })

  test('can be approved nowhere by who is not shown it', async () => {
    expect(await doors.shown(search, 'console', 'ben')).not.toContain('Approve')
    expect(await doors.shown(search, 'console', 'cleo')).toContain('Approve')
  })
})

describe('a statement of 100,000 characters', () => {
  let long: Hold
  beforeAll(async () => {
    const ids = Array.from({ length: 16_000 }, (_, n) => n).join(', ')
    long = await held(`DELETE FROM products WHERE id IN (${ids}) OR 1 = 1`)
  })

  test.each(['card', 'console'] as const)('has no Approve on the %s, but Details', async (door) => {
    const shown = await doors.shown(long, door)
    expect(shown).toContain('Details')
    expect(shown).not.toMatch(/Approve\b(?!d)/)
  })

  test('is whole in the API, and as far as there is room in Details', async () => {
    expect(await doors.shown(long, 'API')).toContain('15998, 15999) OR 1 = 1')
    expect(await doors.shown(long, 'details')).toMatch(/15998, 15999\) OR 1 = 1|Statement: the rest is in the console/)
  })

  test('is estimated where it is too long to be rewritten, and marked as that', async () => {
    for (const door of ['card', 'mail, plain'] as const)
      expect(await doors.shown(long, door)).toMatch(/about \d+ of 12, the planner's estimate/)
    expect(await doors.shown(long, 'console')).toContain('the planner’s estimate, not a count')
  })
})

describe.each(KINDS)('%s', (sql, said) => {
  test('says what it is about in Slack, in its details and by mail', async () => {
    const hold = await held(sql)
    for (const door of ['card', 'details', 'mail, plain'] as const) {
      const shown = await doors.shown(hold, door)
      for (const words of said) expect(shown).toContain(words)
    }
  })
})

test('what was approved before and is held anew says so at every door', async () => {
  const hold = await held('DELETE FROM orders', { anewOf: full.id })
  for (const door of DOORS) {
    const shown = await doors.shown(hold, door)
    expect(shown, door).toContain(full.id)
    if (door !== 'API') expect(shown, door).toMatch(/was approved before/)
  }
})

test('what was approved leads to the hold by which it is asked anew, at every door', async () => {
  const { site } = doors
  const former = await held('DELETE FROM orders WHERE id > 7 OR 1 = 1')
  await doors.shown(former, 'card')
  const ben = { issuer: site.issuer, subject: 'ben' }
  await site.holds.vote(former.id, ben, { choice: 'approve', reason: null, via: 'console' })
  const anew = await held('DELETE FROM orders WHERE id > 7 OR 1 = 1', {}, { anewOf: former.id })
  const now = await site.holds.find(former.id)
  if (now === null) throw new Error('it is there')
  for (const door of ['card', 'console', 'command line', 'API'] as const) {
    const shown = await doors.shown(now, door)
    expect(shown, door).toContain(anew.id)
    if (door !== 'API') expect(shown, door).toContain('asked anew')
  }
})

test('in an open transaction, the way back and what is locked meanwhile are said', async () => {
  const hold = await held('DELETE FROM orders', { locks })
  for (const door of ['card', 'mail, plain'] as const) {
    const shown = await doors.shown(hold, door)
    expect(shown).toContain('Until the client commits its open transaction, ROLLBACK')
    expect(shown).toContain('keeps locks meanwhile: RowExclusiveLock on public.customers')
  }
})
