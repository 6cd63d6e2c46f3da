import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { createPins, endPin, type Pins } from '../../../workflows/releases/pins.ts'
import { keepRelease, releaseInForce } from '../../../workflows/releases/store.ts'
import { inTransaction } from '../../../workflows/state/transaction.ts'
import { openStage, type Stage } from '../stage.ts'

let stage: Stage
let pins: Pins
const admin = (name: string, groups: readonly string[] = ['admins']) => ({
  issuer: 'https://id',
  subject: name,
  name,
  groups,
})
const [eve, finn, ana] = [admin('eve'), admin('finn'), admin('ana', ['engineers'])]
const [older, newer] = ['a'.repeat(40), 'b'.repeat(40)]
const wanted = { release: older, reason: 'It denies everything', ms: 3_600_000 }

beforeAll(async () => {
  stage = await openStage()
  for (const [commit, follows] of [
    [older, null],
    [newer, older],
  ] as const) {
    const release = {
      ...{ commit, follows, repository: 'acme/policies', repositoryId: 700, branch: 'main', folder: 'policies' },
      ...{ digest: commit, package: Buffer.alloc(1), pulls: [], changes: [], files: {}, rules: null, answers: [] },
    }
    await inTransaction(stage.pool, (client) => keepRelease(client, release, new Date(stage.now())))
  }
  await stage.pool.query('UPDATE followed_branch SET verified = $1', [newer])
  pins = createPins({ pool: stage.pool, administrators: 'admins', pinMsMax: 7_200_000, now: stage.now })
})
afterAll(() => stage[Symbol.asyncDispose]())
beforeEach(() => endPin(stage.pool, new Date(stage.now()), eve))

const inForce = async () => (await releaseInForce(stage.pool, new Date(stage.now())))?.commit

test('one administrator alone changes nothing, twice over', async () => {
  const { id } = await pins.request(eve, wanted)
  expect(await inForce()).toBe(newer)
  await expect(pins.confirm(id, eve)).rejects.toThrow('nobody pins a release alone')
  expect(await inForce()).toBe(newer)
})

test('a second administrator puts it in force, everybody is told, and it is recorded', async () => {
  const { id } = await pins.request(eve, wanted)
  expect((await pins.open()).map((pin) => pin.id)).toContain(id)
  await pins.confirm(id, finn)
  expect(await inForce()).toBe(older)
  const { rows } = await stage.pool.query(
    "SELECT notice ->> 'title' AS title FROM release_notice ORDER BY id DESC LIMIT 1",
  )
  expect(rows[0].title).toContain('asked for by eve, confirmed by finn')
  expect((await stage.trail('release.pinned')).at(-1)).toMatchObject({ pin: id, release: older, by: 'finn' })
  await expect(pins.confirm(id, finn)).rejects.toThrow('confirmed already')
})

test('it ends by itself when its time is up, and no pin outlasts the longest', async () => {
  const { id } = await pins.request(eve, { ...wanted, ms: 999_999_999 })
  await pins.confirm(id, finn)
  expect(await endPin(stage.pool, new Date(stage.now() + 7_199_000), null)).toBe(false)
  stage.clock.ms += 7_200_001
  expect(await inForce()).toBe(newer)
  expect(await endPin(stage.pool, new Date(stage.now()), null)).toBe(true)
  expect((await stage.trail('release.unpinned')).at(-1)).toEqual({ release: older, by: null })
})

test('an administrator can end it', async () => {
  const { id } = await pins.request(eve, wanted)
  await pins.confirm(id, finn)
  await pins.end(finn)
  expect(await inForce()).toBe(newer)
  await expect(pins.end(finn)).rejects.toThrow('No release is pinned')
})

test('what nobody confirmed within an hour cannot be confirmed', async () => {
  const { id } = await pins.request(eve, wanted)
  stage.clock.ms += 3_600_000
  await expect(pins.confirm(id, finn)).rejects.toThrow('Ask again')
  expect(await pins.open()).toEqual([])
})

test('others, and releases that were never verified, are refused', async () => {
  await expect(pins.request(ana, wanted)).rejects.toThrow('Only members of admins')
  await expect(pins.request(eve, { ...wanted, release: 'c'.repeat(40) })).rejects.toThrow('no verified release')
  await expect(pins.request(eve, { ...wanted, reason: ' ' })).rejects.toThrow('Say why')
  const { id } = await pins.request(eve, wanted)
  await expect(pins.confirm(id, ana)).rejects.toThrow('Only members of admins')
  await expect(pins.end(ana)).rejects.toThrow('Only members of admins')
  await expect(pins.confirm('pin_x', finn)).rejects.toThrow('no such request')
})

test('two accounts with one address in the directory are one administrator', async () => {
  const eveToo = { ...admin('eve-too'), issuer: 'https://another' }
  const kept = { kind: 'human', groups: ['admins'] } as const
  await stage.directory.upsert({ ...kept, issuer: eve.issuer, subject: 'eve', name: 'eve', email: 'eve@example.com' })
  const too = { ...kept, issuer: eveToo.issuer, subject: eveToo.subject, name: 'eve too' }
  await stage.directory.upsert({ ...too, email: 'Eve@example.com' })
  const { id } = await pins.request(eve, wanted)
  await expect(pins.confirm(id, eveToo)).rejects.toThrow('nobody pins a release alone')
  await stage.directory.upsert({ ...too, email: 'another@example.com' })
  await pins.confirm(id, eveToo)
  expect(await inForce()).toBe(older)
})

test('what somebody asked for who is no administrator any more cannot be confirmed', async () => {
  const gone = admin('gone')
  const { id } = await pins.request(gone, wanted)
  const kept = { issuer: gone.issuer, subject: 'gone', name: 'gone', email: null, kind: 'human' } as const
  await stage.directory.upsert({ ...kept, groups: ['engineers'] })
  await expect(pins.confirm(id, finn)).rejects.toThrow('no administrator any more')
  await stage.directory.upsert({ ...kept, groups: ['admins'] })
  await stage.directory.setActive(gone.issuer, 'gone', false)
  await expect(pins.confirm(id, finn)).rejects.toThrow('no administrator any more')
  await stage.directory.setActive(gone.issuer, 'gone', true)
  await pins.confirm(id, finn)
  expect(await inForce()).toBe(older)
})

test('a release is named by its commit, or by a beginning of it that no other has', async () => {
  const [one, other] = ['cccccccc1', 'cccccccc2'].map((begin) => begin.padEnd(40, '0')) as [string, string]
  for (const commit of [one, other]) {
    const release = {
      ...{ commit, follows: newer, repository: 'acme/policies', repositoryId: 700, branch: 'main', folder: 'policies' },
      ...{ digest: commit, package: Buffer.alloc(1), pulls: [], changes: [], files: {}, rules: null, answers: [] },
    }
    await inTransaction(stage.pool, (client) => keepRelease(client, release, new Date(stage.now())))
  }
  await expect(pins.request(eve, { ...wanted, release: 'cccccccc' })).rejects.toThrow('no verified release')
  await expect(pins.request(eve, { ...wanted, release: older.slice(0, 6) })).rejects.toThrow('no verified release')
  await expect(pins.request(eve, { ...wanted, release: '' })).rejects.toThrow('no verified release')
  expect((await pins.request(eve, { ...wanted, release: one.slice(0, 9) })).release).toBe(one)
})
