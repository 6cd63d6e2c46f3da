import { randomBytes } from 'node:crypto'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { outcomeOf } from '../../../bot/text/outcome-words.ts'
import { createServiceTokens, SERVICE_ISSUER } from '../../../workflows/directory/service-tokens.ts'
import type { Hold, HoldMode } from '../../../workflows/holds/hold.ts'
import { startWorkers } from '../../../workflows/queues/workers.ts'
import { createSeal } from '../../../workflows/results/seal.ts'
import { ana, approve, idleQueues, openStage, person, reportBot, request, type Stage } from '../stage.ts'

/** What was asked by somebody who is not let in any more ends: an approval of it would run for nobody. */
const seal = createSeal(randomBytes(32).toString('hex'))
let stage: Stage
beforeAll(async () => {
  stage = await openStage({ pollMs: 20, seal: () => seal })
  await stage.pool.query("INSERT INTO delivery (name, active) VALUES ('slack', true)")
})
afterEach(() => setActive('ana', true))
afterAll(() => stage[Symbol.asyncDispose]())

const setActive = (name: string, active: boolean): Promise<void> =>
  stage.directory.setActive(person(name).issuer, person(name).subject, active)
const held = (mode: HoldMode, identity = ana): Promise<Hold> => stage.holds.create(request({ mode, identity }))
const now = async ({ id }: Hold): Promise<Hold> => (await stage.holds.find(id)) as Hold
const tokens = () => createServiceTokens(stage.pool, stage.now)
const expiresAt = () => new Date(stage.clock.ms + 3_600_000)
const etl = { ...ana, issuer: SERVICE_ISSUER, subject: 'etl', name: 'etl', kind: 'service' } as const
const forEtl = () => ({
  name: 'etl',
  kind: 'service' as const,
  groups: [],
  actsFor: null,
  expiresAt: expiresAt(),
  scopes: [],
})

describe('when somebody is deactivated', () => {
  test.each(['error', 'defer', 'wait'] as const)(
    'what they asked as %s ends, recorded, and reviewers are told',
    async (mode) => {
      const hold = await held(mode)
      await setActive('ana', false)
      expect(await stage.holds.endDeparted()).toBe(1)
      const ended = await now(hold)
      expect(ended).toMatchObject({
        status: 'abandoned',
        askerGone: 'deactivated',
        decidedAt: new Date(stage.clock.ms).toISOString(),
      })
      expect(outcomeOf(ended)).toBe('Ended: the account of ana was deactivated. It did not run.')
      expect(await stage.trail('hold.settled')).toContainEqual({
        hold: hold.id,
        status: 'abandoned',
        askerGone: 'deactivated',
      })
      const { rows } = await stage.pool.query('SELECT reason FROM outbox WHERE hold = $1 ORDER BY id', [hold.id])
      expect(rows).toEqual([{ reason: 'created' }, { reason: 'settled' }])
      await expect(approve(stage, hold.id, 'ben')).rejects.toMatchObject({
        ...{ code: 'not_pending', message: 'Nobody is there any more for whom this would run' },
      })
    },
  )

  test('what was approved and not run yet ends, too, and what has run stays as it is', async () => {
    const [approved, ran] = [await held('error'), await held('defer')]
    for (const { id } of [approved, ran]) await approve(stage, id, 'ben')
    await stage.holds.take(ran.id)
    await setActive('ana', false)
    expect(await stage.holds.endDeparted()).toBe(1)
    expect(await stage.holds.take(approved.id)).toBe(false)
    expect(await now(approved)).toMatchObject({ status: 'abandoned', askerGone: 'deactivated' })
    expect(await now(ran)).toMatchObject({ status: 'executed', askerGone: null })
  })

  test('what an agent asked for them ends, and says whose account it may be', async () => {
    const hold = await held('error', reportBot)
    await setActive('ana', false)
    await stage.holds.endDeparted()
    expect(outcomeOf(await now(hold))).toBe(
      'Ended: the account of report-bot, or of ana for whom it asked, was deactivated. It did not run.',
    )
  })

  test('nobody else’s ends, and of more than one look takes in all do', async () => {
    const other = await held('error', { ...ana, ...person('eve'), name: 'eve' })
    const many = await Promise.all(Array.from({ length: 205 }, () => held('error')))
    await setActive('ana', false)
    const both = await Promise.all([stage.holds.endDeparted(), stage.holds.endDeparted()])
    expect(both[0] + both[1] + (await stage.holds.endDeparted())).toBe(205)
    const statuses = await Promise.all(many.map(async (one) => (await now(one)).status))
    expect(new Set(statuses)).toEqual(new Set(['abandoned']))
    expect((await now(other)).status).toBe('pending')
    await stage.holds.withdraw(other.id)
    const settled = await stage.trail('hold.settled')
    const recorded = settled.filter(({ hold }) => many.some(({ id }) => id === hold))
    expect(recorded).toHaveLength(205)
  })

  test('whoever waits for it is woken, and its example rows are gone', async () => {
    const examples = { role: 'app', reads: [], columns: [], rows: [] }
    const hold = await stage.holds.create(request({ mode: 'defer' }), examples)
    const kept = async () => (await stage.pool.query('SELECT FROM hold_example WHERE hold = $1', [hold.id])).rowCount
    expect(await kept()).toBe(1)
    const settled = stage.holds.settled(hold.id, AbortSignal.timeout(30_000))
    await setActive('ana', false)
    await stage.holds.endDeparted()
    expect(await settled).toMatchObject({ status: 'abandoned', askerGone: 'deactivated' })
    expect(await kept()).toBe(0)
  })

  test('workers look by themselves, whoever deactivated them', async () => {
    const { pool, holds, log } = stage
    await using stack = new AsyncDisposableStack()
    const workers = await startWorkers({ pool, queues: idleQueues, holds, deliver: [], log, now: stage.now })
    stack.defer(() => workers.close())
    const hold = await held('error')
    await pool.query("UPDATE person SET active = false WHERE subject = 'sub-ana'")
    await expect.poll(async () => (await now(hold)).status, { timeout: 30_000 }).toBe('abandoned')
  }, 40_000)
})

describe('of a service', () => {
  test('it ends when its last token is revoked, not while it has another one', async () => {
    const [one, two] = [await tokens().create(forEtl()), await tokens().create(forEtl())]
    const hold = await held('error', etl)
    await tokens().revoke(one.id)
    expect(await stage.holds.endDeparted()).toBe(0)
    await tokens().revoke(two.id)
    expect(await stage.holds.endDeparted()).toBe(1)
    const ended = await now(hold)
    expect(ended).toMatchObject({ status: 'abandoned', askerGone: 'revoked' })
    expect(outcomeOf(ended)).toBe('Ended: the tokens of etl were revoked. It did not run.')
  })

  test('it stays when a token has run out: it may be asked for with another', async () => {
    await tokens().create(forEtl())
    const hold = await stage.holds.create(request({ identity: etl, expiryMs: 36_000_000 }))
    stage.clock.ms += 3_700_000
    expect(await stage.holds.endDeparted()).toBe(0)
    expect((await now(hold)).status).toBe('pending')
  })
})
