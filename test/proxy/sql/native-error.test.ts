import type pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { SessionView } from '../../../proxy/gate.ts'
import { development, type GateStand, openGateStand } from '../gate-stand.ts'

/** What PostgreSQL answers is asked of PostgreSQL: the same text goes to the gate and to the server. */
let stand: GateStand

beforeAll(async () => {
  stand = await openGateStand(`
    CREATE VIEW clean AS SELECT id FROM orders;
    CREATE FUNCTION twice(n int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT n * 2'`)
})
afterAll(() => stand?.[Symbol.asyncDispose]())

interface Answer {
  readonly sqlstate: string | undefined
  readonly message: string
  readonly position: number | null
}

async function server(sql: string): Promise<Answer> {
  const error = (await stand.client.query(sql).then(
    () => new Error(`the server takes it: ${sql}`),
    (refused: unknown) => refused,
  )) as pg.DatabaseError
  const { code, message, position } = error
  return { sqlstate: code, message, position: position === undefined ? null : Number(position) }
}

async function gate(sql: string): Promise<Answer | undefined> {
  const judgement = await stand.judge(sql)
  expect(judgement.decision.outcome).toBe('deny')
  if (!judgement.nativeError) return undefined
  const { hint: _, ...answer } = judgement.nativeError
  return answer
}

describe('a statement is refused as the server refuses it', () => {
  test.each([
    'SELEC 1',
    'SELECT 1 +',
    '\n  SELECT 1\n  FROM FROM orders',
    "SELECT 'ä', '😀', FROM FROM orders",
    "SELECT 'abc",
    'SELECT * FROM nowhere',
    'SELECT * FROM public.nowhere',
    'SELECT * FROM nowhere.orders',
    "SELECT 'ä😀' FROM orders o, nowhere",
    'SELECT nothing FROM orders',
    'SELECT o.nothing FROM orders o',
    'SELECT * FROM orders WHERE nothing = 1 AND nothing2 = 2',
    'SELECT first_missing FROM orders WHERE second_missing = 1',
    'SELECT orders.id FROM orders o',
    'SELECT x.id FROM orders o',
    'SELECT x.* FROM orders o',
    'SELECT id FROM orders a, orders b',
    'SELECT 1 FROM orders JOIN clean USING (nothing)',
    'INSERT INTO nowhere VALUES (1)',
    'INSERT INTO orders (id, nothing) VALUES (1, 2)',
    'UPDATE nowhere SET a = 1 WHERE id = 1',
    'UPDATE orders SET nothing = 1 WHERE id = 1',
    'UPDATE orders SET status = nothing WHERE id = 1',
    'DELETE FROM nowhere WHERE id = 1',
    'DELETE FROM orders WHERE nothing = 1',
    'SELECT nothing(1, 2.5, $$a$$, true, null, id) FROM orders',
    'SELECT twice(1, 2)',
    'SELECT nowhere.f(1)',
    'SELECT public.nothing()',
    "SELECT 'a'::nothing",
    "SELECT 'a'::nothing[]",
    'SELECT 1::nowhere.thing',
    'WITH a AS (SELECT nothing FROM orders) SELECT * FROM a',
    'EXPLAIN SELECT nothing FROM orders',
    'COPY nowhere TO STDOUT',
    'COPY orders (nothing) TO STDOUT',
    'COPY (SELECT nothing FROM orders) TO STDOUT',
    'LOCK TABLE nowhere IN ACCESS SHARE MODE',
    'ANALYZE nowhere',
    'PREPARE p AS SELECT nothing FROM orders',
    'DECLARE c CURSOR FOR SELECT * FROM nowhere',
  ])('%s', async (sql) => {
    await stand.client.query('BEGIN')
    const theirs = await server(sql).finally(() => stand.client.query('ROLLBACK'))
    expect(await gate(sql)).toEqual(theirs)
  })

  test.each([
    'CREATE INDEX ON nowhere (id)',
    'CREATE TABLE t (a nothing)',
    'ALTER TABLE nowhere ADD a int',
    'DROP TABLE nowhere',
    'DROP VIEW nowhere.v',
    'TRUNCATE nowhere',
  ])('%s, in development', async (sql) => {
    const theirs = await server(sql)
    const { nativeError } = await stand.judge(sql, development)
    expect(nativeError).toMatchObject(theirs)
  })
})

describe('it is refused as a rule refuses it', () => {
  const denied: readonly { why: string; sql: string; changes?: Partial<SessionView> }[] = [
    { why: 'a rule denies it, whatever the name would mean', sql: 'DROP TABLE nowhere' },
    { why: 'something else in it denies it', sql: "SELECT nothing, pg_read_file('/etc/passwd') FROM orders" },
    { why: 'something else sent with it is denied', sql: "SELECT nothing FROM orders; DO ''" },
    { why: 'the search path is not known', sql: 'SELECT * FROM nowhere', changes: { searchPath: null } },
    {
      why: 'its transaction may have made it',
      sql: 'SELECT * FROM nowhere',
      changes: { uncommitted: [{ kind: 'anything' }] },
    },
    {
      why: 'its transaction may have made the type',
      sql: "SELECT 'a'::nothing",
      changes: { uncommitted: [{ kind: 'anything' }] },
    },
    {
      why: 'its transaction has changed it',
      sql: 'SELECT * FROM orders',
      changes: { uncommitted: [{ kind: 'hidden', schema: 'public', name: 'orders' }] },
    },
  ]
  test.each(denied)('when $why', async ({ sql, changes }) => {
    const judgements = await stand.gate.judge(sql, stand.session(changes))
    const answers = judgements.filter(({ decision }) => decision.outcome === 'deny')
    expect(answers.some(({ nativeError }) => !nativeError)).toBe(true)
  })

  test('the answer is not among the facts, which are kept', async () => {
    const { facts, decision, nativeError } = await stand.judge("SELECT 1 FROM orders WHERE 'hunter2' 'hunter3'")
    expect(nativeError?.message).toContain('hunter3')
    expect(JSON.stringify([facts, decision])).not.toContain('hunter')
  })
})
