import { Redis } from 'ioredis'
import type pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { forgetExamples, type KeptExamples, openExamples } from '../../../workflows/holds/examples.ts'
import { createHolds, type KeptHolds } from '../../../workflows/holds/holds.ts'
import { createQueues } from '../../../workflows/queues/create-queues.ts'
import type { Queues } from '../../../workflows/queues/queues.ts'
import { createSeal } from '../../../workflows/results/seal.ts'
import { freshRedis } from '../../harness/redis.ts'
import { openStage, person, request, type Stage, testLog } from '../stage.ts'

/** Rows of data beside a hold: sealed, bound to it, and gone with it. */
const PLANTED = 'planted-7c1f'
const seal = createSeal('a secret of the proxies')
const examples: KeptExamples = {
  role: 'shop',
  reads: [
    {
      relationOid: 1,
      attribute: 1,
      typeOid: 25,
      ...{ schema: 'public', relation: 'customers', column: 'name', labels: [] },
    },
  ],
  columns: [{ at: 0, written: false, madeOf: [] }],
  rows: [{ before: [{ text: PLANTED }], after: null, changed: [false] }],
}

const redis = await freshRedis()
afterAll(() => redis?.[Symbol.asyncDispose]())

/** Every row of every table, as text; bytes as characters, too. */
async function everything(pool: pg.Pool): Promise<string> {
  const { rows } = await pool.query<{ name: string }>(
    `SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables
     WHERE schemaname NOT IN ('pg_catalog', 'information_schema')`,
  )
  const texts: string[] = []
  for (const { name } of rows) {
    const found = await pool.query<Record<string, unknown>>(`SELECT * FROM ${name}`)
    for (const row of found.rows)
      for (const value of Object.values(row))
        texts.push(Buffer.isBuffer(value) ? value.toString('latin1') : JSON.stringify(value))
  }
  return texts.join('\n')
}

async function everyKey(url: string): Promise<string> {
  const client = new Redis(url)
  const texts: string[] = []
  for (const key of await client.keys('*')) texts.push(key, (await client.dumpBuffer(key)).toString('latin1'))
  const hashes = await Promise.all((await client.keys('*')).map((key) => client.hgetall(key).catch(() => ({}))))
  client.disconnect()
  return [...texts, JSON.stringify(hashes)].join('\n')
}

describe.each(['postgres', 'redis'] as const)('on %s', (backend) => {
  describe.skipIf(backend === 'redis' && redis === null)('example rows', () => {
    let stage: Stage
    let queues: Queues
    let holds: KeptHolds
    beforeAll(async () => {
      stage = await openStage()
      queues = createQueues(
        { url: stage.url, ...(backend === 'redis' ? { redisUrl: redis?.url ?? '' } : {}) },
        testLog(),
      )
      await queues.ready()
      const { pool, now, log } = stage
      holds = createHolds({ pool, queues, pendingMax: 100, now, log, seal: () => seal })
    })
    afterAll(async () => {
      await holds[Symbol.asyncDispose]()
      await queues.close()
      await stage[Symbol.asyncDispose]()
    })

    const opened = (id: string) => openExamples(stage.pool, id, { seal, at: new Date(stage.now()) })
    const kept = async (id: string) =>
      (await stage.pool.query('SELECT FROM hold_example WHERE hold = $1', [id])).rowCount

    test('stand nowhere in the clear: not in a table, not in Redis', async () => {
      const { id } = await holds.create(request(), examples)
      expect(await opened(id)).toEqual(examples)
      const all = (await everything(stage.pool)) + (backend === 'redis' ? await everyKey(redis?.url ?? '') : '')
      expect(all).toContain(id)
      expect(all).not.toContain(PLANTED)
    })

    test('are opened for their own hold only', async () => {
      const [one, other] = [await holds.create(request(), examples), await holds.create(request())]
      await stage.pool.query('UPDATE hold_example SET hold = $2 WHERE hold = $1', [one.id, other.id])
      await expect(opened(other.id)).rejects.toMatchObject({ code: 'other_key' })
    })

    const ben = person('ben')
    const vote = (choice: 'approve' | 'reject') => (id: string) =>
      holds.vote(id, ben, { choice, reason: 'r', via: 'console' })
    test.each<[string, (id: string) => Promise<unknown>]>([
      ['is rejected', vote('reject')],
      ['is withdrawn', (id) => holds.withdraw(id)],
      ['is abandoned', (id) => holds.abandon(id)],
      ['runs', async (id) => [await vote('approve')(id), await holds.take(id)]],
    ])('are gone when it %s', async (_, end) => {
      const { id } = await holds.create(request({ mode: 'wait' }), examples)
      expect(await kept(id)).toBe(1)
      await end(id)
      expect((await holds.find(id))?.status).not.toMatch(/pending|approved/)
      expect(await kept(id)).toBe(0)
    })

    test('are gone when it expires, one by one or many at once', async () => {
      const [one, other] = [await holds.create(request(), examples), await holds.create(request(), examples)]
      stage.clock.ms += 900_001
      expect(await opened(one.id)).toBeNull()
      await holds.expire(one.id)
      await holds.due(other.id)
      expect([await kept(one.id), await kept(other.id)]).toEqual([0, 0])
    })

    test('are gone after their time, whatever becomes of it', async () => {
      const { id } = await holds.create(request(), examples)
      await vote('approve')(id)
      expect(await kept(id)).toBe(1)
      stage.clock.ms += 900_001
      await forgetExamples(stage.pool, new Date(stage.now()))
      expect(await kept(id)).toBe(0)
    })

    test('are not kept where they are many', async () => {
      const [row] = examples.rows
      if (row === undefined) throw new Error('there is a row')
      const long = { ...row, before: [{ text: 'x'.repeat(256 * 1024) }] }
      const { id } = await holds.create(request(), { ...examples, rows: [long] })
      expect(await kept(id)).toBe(0)
    })

    test('of a hold that is asked for again stay those of the first time', async () => {
      const asked = request()
      const { id } = await holds.create(asked, examples)
      expect((await holds.create(asked, { ...examples, role: 'another' })).id).toBe(id)
      expect(await opened(id)).toEqual(examples)
    })
  })
})

test('what stood in the request before is taken out of it, and the rest stays', async () => {
  await using stage = await openStage()
  const { id } = await stage.holds.create(request({ statement: 'DELETE FROM a' }))
  await stage.pool.query(
    `UPDATE hold SET request = jsonb_set(replace(request::text, '\\u0000', 'NUL')::jsonb, '{consequences}',
       '{"locks": [], "examples": {"columns": [], "rows": ["${PLANTED}"]}}')::json`,
  )
  const { readFileSync } = await import('node:fs')
  const migration = readFileSync(
    new URL('../../../workflows/state/migrations/0051-hold-examples.sql', import.meta.url),
    'utf8',
  )
  await stage.pool.query(migration.slice(migration.indexOf('UPDATE hold')))
  expect(await everything(stage.pool)).not.toContain(PLANTED)
  expect(await stage.holds.find(id)).toMatchObject({ statement: 'DELETE FROM a', consequences: { examples: null } })
})
