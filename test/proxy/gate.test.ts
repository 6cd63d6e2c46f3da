import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { PolicyError } from '../../policies/errors.ts'
import type { Policy } from '../../policies/evaluate.ts'
import type { PolicyInput } from '../../policies/input.ts'
import { createGate, type Judgement, type Remembered, type SessionView } from '../../proxy/gate.ts'
import { ana, bot, cleo, development, etl, type GateStand, openGateStand } from './gate-stand.ts'

let stand: GateStand
beforeAll(async () => {
  stand = await openGateStand('CREATE TABLE archive (id int, email text); CREATE TABLE pgbench_tellers (tid int);')
}, 180_000)
afterAll(() => stand?.[Symbol.asyncDispose]())

const ruleIds = ({ decision }: Judgement) => decision.rules.map(({ id }) => id)

describe('the default policies', () => {
  test.each([
    { sql: 'SELECT 1', by: ana, is: 'allow' },
    { sql: 'SELECT * FROM customers', by: ana, is: 'allow' },
    { sql: "SELECT name FROM customers WHERE email = 'a@b.org'", by: ana, is: 'allow' },
    { sql: 'DELETE FROM orders WHERE id = 3', by: ana, is: 'allow' },
    { sql: "INSERT INTO customers (name, email) VALUES ('a', 'b')", by: etl, is: 'allow' },
    { sql: 'UPDATE customers SET email = lower(email) WHERE id = 1', by: ana, is: 'allow' },
    { sql: 'INSERT INTO archive (email) SELECT email FROM customers', by: ana, is: 'allow' },
    { sql: 'CREATE TEMP TABLE t AS SELECT id, name FROM customers', by: ana, is: 'allow' },
    { sql: 'CREATE TEMP TABLE t AS SELECT email FROM customers', by: ana, is: 'allow' },
    { sql: 'SELECT email INTO TEMP t FROM customers', by: ana, is: 'allow' },
    { sql: "SET application_name = 'x'; SET TimeZone = 'UTC'", by: ana, is: 'allow allow' },
    { sql: 'BEGIN; SELECT 1; COMMIT', by: bot, is: 'allow allow allow' },
    { sql: "SELECT pg_catalog.set_config('search_path', '', false)", by: ana, is: 'allow' },
    { sql: 'SELECT relname FROM pg_class', by: bot, is: 'allow' },
    { sql: 'SELECT pid, state FROM pg_stat_activity', by: ana, is: 'allow' },
    { sql: 'SELECT count(*) FROM pg_subscription', by: ana, is: 'allow' },
    { sql: 'SHOW ALL', by: ana, is: 'allow' },
    { sql: 'ANALYZE orders', by: ana, is: 'allow' },
    { sql: 'COPY orders TO STDOUT', by: ana, is: 'allow' },
    { sql: 'COPY customers (id, name) TO STDOUT', by: ana, is: 'allow' },
    { sql: 'COPY customers TO STDOUT', by: cleo, is: 'allow' },
    { sql: 'PREPARE p AS SELECT email FROM customers', by: ana, is: 'allow' },
    { sql: 'DECLARE c CURSOR FOR SELECT email FROM customers', by: ana, is: 'allow' },
    { sql: 'DELETE FROM orders', by: cleo, is: 'hold', rule: 'production.unbounded_write' },
    { sql: 'UPDATE orders SET status = status WHERE 1 = 1', by: ana, is: 'hold', rule: 'production.unbounded_write' },
    { sql: 'EXPLAIN ANALYZE DELETE FROM orders', by: ana, is: 'hold', rule: 'production.unbounded_write' },
    {
      sql: 'WITH d AS (DELETE FROM orders RETURNING *) SELECT 1 FROM d',
      by: ana,
      is: 'hold',
      rule: 'production.unbounded_write',
    },
    { sql: 'SELECT 1; DELETE FROM orders', by: ana, is: 'allow hold' },
    { sql: 'ALTER TABLE orders ADD COLUMN note text', by: cleo, is: 'hold', rule: 'production.definitions' },
    { sql: 'CREATE INDEX ON customers (email)', by: ana, is: 'hold', rule: 'production.definitions' },
    { sql: 'GRANT SELECT ON customers TO PUBLIC', by: cleo, is: 'hold', rule: 'privilege.change' },
    { sql: "ALTER ROLE x PASSWORD 'y'", by: cleo, is: 'hold', rule: 'privilege.change' },
    { sql: 'SELECT pg_terminate_backend(1)', by: cleo, is: 'hold', rule: 'privilege.change' },
    { sql: 'SELECT email INTO lasting FROM customers', by: ana, is: 'hold', rule: 'masking.carried_elsewhere' },
    { sql: 'UPDATE customers SET name = email WHERE id = 1', by: ana, is: 'hold', rule: 'masking.carried_elsewhere' },
    ...[
      'UPDATE customers SET email = email::varchar(5) WHERE id = 1',
      'UPDATE customers SET email = substr(email, 2) WHERE id = 1',
      'INSERT INTO archive (email) SELECT substr(email, 2) FROM customers WHERE id = 1',
      'WITH part AS (SELECT left(email, 3) AS e FROM customers) INSERT INTO archive (email) SELECT e FROM part',
      'MERGE INTO archive a USING customers c ON a.id = c.id WHEN NOT MATCHED THEN INSERT (email) VALUES (left(c.email, 3))',
    ].map((sql) => ({ sql, by: ana, is: 'hold', rule: 'masking.carried_elsewhere' })),
    ...[
      'INSERT INTO archive (email) SELECT email FROM customers UNION ALL SELECT email FROM customers',
      'MERGE INTO archive a USING customers c ON a.id = c.id WHEN NOT MATCHED THEN INSERT (email) VALUES (c.email)',
    ].map((sql) => ({ sql, by: ana, is: 'allow' })),
    { sql: 'UPDATE customers SET email = $1 WHERE id = 1', by: bot, is: 'hold', rule: 'agents.writes_labelled' },
    { sql: 'DELETE FROM customers WHERE id = 1', by: bot, is: 'hold', rule: 'agents.writes_labelled' },
    { sql: 'COPY customers TO STDOUT', by: bot, is: 'hold', rule: 'agents.exports_labelled' },
    { sql: 'SELECT name FROM staff WHERE salary > 100000', by: bot, is: 'hold', rule: 'agents.searches_labelled' },
    { sql: 'SELECT name FROM staff ORDER BY salary', by: bot, is: 'hold', rule: 'agents.searches_labelled' },
    { sql: 'COPY customers TO STDOUT', by: ana, is: 'deny', rule: 'masking.exported' },
    { sql: 'COPY (SELECT upper(email) FROM customers) TO STDOUT', by: ana, is: 'deny', rule: 'masking.exported' },
    { sql: 'DROP TABLE orders', by: cleo, is: 'deny', rule: 'production.drop' },
    { sql: 'TRUNCATE orders', by: cleo, is: 'deny', rule: 'production.drop' },
    { sql: 'ALTER TABLE orders DROP COLUMN status', by: cleo, is: 'deny', rule: 'production.drop' },
    { sql: 'DROP SCHEMA public CASCADE', by: cleo, is: 'deny', rule: 'production.drop' },
    { sql: 'SELECT * FROM pg_stats', by: cleo, is: 'deny', rule: 'catalog.windows' },
    { sql: 'SELECT * FROM pg_stat_activity', by: cleo, is: 'deny', rule: 'catalog.windows' },
    { sql: 'SELECT a FROM pg_stat_activity a', by: cleo, is: 'deny', rule: 'catalog.windows' },
    { sql: 'SELECT to_json(s) FROM pg_subscription s', by: cleo, is: 'deny', rule: 'catalog.windows' },
    { sql: 'SELECT pid FROM pg_stat_activity WHERE query LIKE $1', by: cleo, is: 'deny', rule: 'catalog.windows' },
    { sql: 'SELECT rolpassword FROM pg_authid', by: cleo, is: 'deny', rule: 'catalog.windows' },
    { sql: "UPDATE pg_class SET relname = 'x' WHERE false", by: cleo, is: 'deny', rule: 'catalog.writes' },
    { sql: "SELECT pg_read_file('/etc/passwd')", by: cleo, is: 'deny', rule: 'general.outside_the_database' },
    { sql: "COPY orders TO PROGRAM 'sh'", by: cleo, is: 'deny', rule: 'general.outside_the_database' },
    { sql: 'SET ROLE postgres', by: cleo, is: 'deny', rule: 'session.role' },
    { sql: 'SET standard_conforming_strings = off', by: cleo, is: 'deny', rule: 'session.settings' },
    { sql: 'DO $$ BEGIN DELETE FROM orders; END $$', by: cleo, is: 'hold', rule: 'production.unbounded_write' },
    {
      sql: "DO $$ BEGIN EXECUTE 'DELETE FROM orders'; END $$",
      by: cleo,
      is: 'hold',
      rule: 'production.unbounded_write',
    },
    {
      sql: "DO $$ BEGIN EXECUTE 'DELETE FROM ' || current_setting('a.b'); END $$",
      by: cleo,
      is: 'deny',
      rule: 'general.unresolved',
    },
    {
      sql: 'DO $$ BEGIN UPDATE orders SET status = $s$paid$s$ WHERE id = 1; END $$',
      by: cleo,
      is: 'hold',
      rule: 'limits.uncounted_writes',
    },
    { sql: 'DO $$ BEGIN PERFORM count(*) FROM orders; END $$', by: cleo, is: 'allow' },
    { sql: "PREPARE TRANSACTION 'x'", by: cleo, is: 'deny', rule: 'general.transactions' },
    { sql: 'SELECT * FROM nowhere', by: cleo, is: 'deny', rule: 'general.unresolved' },
  ])('$is: $sql ($by.name)', async ({ sql, by, is, rule }) => {
    const judgements = await stand.gate.judge(sql, stand.session({ identity: by }))
    expect(judgements.map(({ decision }) => decision.outcome).join(' ')).toBe(is)
    if (rule !== undefined) expect(judgements.flatMap(ruleIds)).toContain(rule)
  })

  test('are looser where nothing depends on it', async () => {
    const preparing = [
      'DROP TABLE pgbench_tellers',
      'CREATE TABLE t (id int)',
      'TRUNCATE pgbench_tellers',
      'VACUUM orders',
    ]
    for (const sql of [...preparing, 'ALTER TABLE pgbench_tellers ADD PRIMARY KEY (tid)', 'DELETE FROM orders'])
      expect((await stand.judge(sql, development)).decision.outcome).toBe('allow')
  })
})

describe('masks by position', () => {
  const masks = async (sql: string, identity = ana) =>
    (await stand.judge(sql, { identity })).outputMasks?.map((mask) => mask?.method ?? null) ?? null

  test.each([
    { sql: 'SELECT * FROM customers', is: [null, null, 'email', 'last4', 'last4', 'redact', 'year', null] },
    { sql: 'SELECT c.email AS x, c.id FROM customers c', is: ['email', null] },
    { sql: 'SELECT upper(email), email::varchar, name FROM customers', is: ['redact', 'redact', null] },
    { sql: 'SELECT max(salary), count(*) FROM staff', is: ['null', null] },
    { sql: 'SELECT c FROM customers c', is: ['redact'] },
    { sql: 'SELECT email FROM customers UNION ALL SELECT email FROM staff', is: ['email'] },
    { sql: 'SELECT email FROM customers UNION ALL SELECT name FROM staff', is: ['redact'] },
    { sql: 'SELECT name, phone FROM customer_contacts', is: [null, 'last4'] },
    { sql: "INSERT INTO customers (name, email) VALUES ('a', 'b') RETURNING email, name", is: ['email', null] },
    { sql: "SELECT name FROM customers WHERE email = 'a@b.org'", is: [null] },
    { sql: 'DELETE FROM customers WHERE id = 1', is: null },
    { sql: 'SELECT id FROM orders', is: null },
  ])('$sql', async ({ sql, is }) => {
    expect(await masks(sql)).toEqual(is)
  })

  test('are none for those who may see', async () => {
    expect(await masks('SELECT * FROM customers', cleo)).toBeNull()
  })

  test('come with a scrub of what the server might say about the hidden values', async () => {
    expect((await stand.judge("SELECT name FROM customers WHERE email = 'x'")).scrub).toBe(true)
    expect((await stand.judge("UPDATE customers SET name = 'x' WHERE id = 1")).scrub).toBe(true)
    expect((await stand.judge('SELECT * FROM customers', { identity: cleo })).scrub).toBe(false)
    expect((await stand.judge('SELECT * FROM orders')).scrub).toBe(false)
  })
})

/** A gate before the same catalog with a policy of the test's own. */
function gateWith(decide: (input: PolicyInput) => ReturnType<Policy['decide']>) {
  const policy: Policy = { ...stand.policy, digest: 'test', manifest: stand.policy.manifest, decide }
  const names = ['prod/shop', 'dev/shop']
  return createGate({ catalogs: new Map(names.map((name) => [name, stand.catalog])), policy: () => policy })
}

const permissive = (): ReturnType<Policy['decide']> => ({
  outcome: 'allow',
  rules: [{ id: 'test.all', title: 'All', reason: 'All.', outcome: 'allow' }],
  masks: [],
  reviewers: [],
  expiryMs: null,
  grantMs: null,
  onHold: null,
})

describe('the gate itself denies', () => {
  const only = async (gate: ReturnType<typeof createGate>, sql: string): Promise<string> => {
    const judgements = await gate.judge(sql, stand.session())
    expect(judgements.map(({ decision }) => decision.outcome)).toEqual(['deny'])
    return judgements.flatMap(ruleIds).join()
  }

  test.each([
    { what: 'text that is no SQL', sql: 'SELEC 1', decide: permissive, id: 'gate.syntax' },
    {
      what: 'what a policy overlooks that could not be established',
      sql: 'SELECT * FROM nowhere',
      decide: permissive,
      id: 'gate.unresolved',
    },
    { what: 'a policy that fails', sql: 'SELECT 1', decide: failing('evaluation_failed'), id: 'gate.policy_failed' },
    {
      what: 'a policy without an answer',
      sql: 'SELECT 1',
      decide: failing('result_undefined'),
      id: 'gate.policy_undefined',
    },
    {
      what: 'a policy whose answer is none',
      sql: 'SELECT 1',
      decide: failing('result_invalid'),
      id: 'gate.policy_invalid',
    },
    { what: 'a policy that throws anything else', sql: 'SELECT 1', decide: throwing, id: 'gate.policy_failed' },
  ])('$what', async ({ sql, decide, id }) => {
    expect(await only(gateWith(decide), sql)).toBe(id)
  })

  test('everything while there is no policy, no catalog or no such target', async () => {
    const broken = (): never => {
      throw new Error('away')
    }
    const catalogs = new Map([['prod/shop', stand.catalog]])
    const away = {
      pending: null,
      get snapshot() {
        return broken()
      },
    }
    expect(await only(createGate({ catalogs, policy: broken }), 'SELECT 1')).toBe('gate.policy_unavailable')
    expect(
      await only(createGate({ catalogs: new Map([['prod/shop', away]]), policy: () => stand.policy }), 'SELECT 1'),
    ).toBe('gate.catalog_unavailable')
    expect(await only(createGate({ catalogs: new Map(), policy: () => stand.policy }), 'SELECT 1')).toBe(
      'gate.catalog_unavailable',
    )
  })

  test('a COPY that a policy means to mask', async () => {
    const mask = { schema: 'public', relation: 'customers', column: 'email', label: 'email', method: 'email' } as const
    const masking = gateWith(() => ({ ...permissive(), masks: [mask] }))
    expect(await only(masking, 'COPY customers TO STDOUT')).toBe('gate.export_masked')
  })
})

function failing(code: PolicyError['code']) {
  return (): never => {
    throw new PolicyError(code, 'x')
  }
}

function throwing(): never {
  throw 'a string, as the SDK does'
}

describe('what is remembered', () => {
  const counting = () => {
    let evaluations = 0
    const gate = gateWith((input) => {
      evaluations++
      return stand.policy.decide(input)
    })
    return { gate, evaluations: () => evaluations }
  }

  test('is answered without a promise, and from its second time on judged once for all sessions of the same kind', () => {
    const { gate, evaluations } = counting()
    const first = gate.judge('SELECT * FROM orders', stand.session())
    const second = gate.judge('SELECT * FROM orders', stand.session())
    const third = gate.judge('SELECT * FROM orders', stand.session({ identity: { ...ana, expiresAt: 'later' } }))
    expect(first).not.toBeInstanceOf(Promise)
    expect(second).toEqual(first)
    expect(third).toBe(second)
    expect(evaluations()).toBe(2)
  })

  test('is not what was seen only once', () => {
    const { gate, evaluations } = counting()
    for (let turn = 0; turn < 3; turn++) {
      gate.judge(`SELECT * FROM orders AS o${turn}`, stand.session())
      expect(evaluations()).toBe(turn + 1)
    }
  })

  const differences: readonly Partial<SessionView>[] = [
    { identity: cleo },
    { identity: { ...ana, groups: ['pii-readers'] } },
    development,
    { door: 'mcp' },
    { role: 'nobody' },
    { searchPath: 'archive' },
    { searchPath: null },
    { temporaryRelations: new Set(['orders']) },
  ]
  test.each(differences)('is not used for a session that differs: %o', async (difference) => {
    const { gate, evaluations } = counting()
    await gate.judge('SELECT * FROM orders', stand.session())
    const before = await gate.judge('SELECT * FROM orders', stand.session())
    expect(await gate.judge('SELECT * FROM orders', stand.session())).toBe(before)
    const after = await gate.judge('SELECT * FROM orders', stand.session(difference))
    expect(after).not.toBe(before)
    // Once more where the name is not found: what else there would be to say.
    expect(evaluations()).toBe(after[0]?.facts.unresolved[0]?.code === 'relation' ? 4 : 3)
  })

  test.each(differences)('follows a session that changes: %o', async (difference) => {
    const session = { ...stand.session() }
    await stand.gate.judge('SELECT id FROM orders', session)
    const before = await stand.gate.judge('SELECT id FROM orders', session)
    expect(await stand.gate.judge('SELECT id FROM orders', session)).toBe(before)
    Object.assign(session, difference)
    expect(await stand.gate.judge('SELECT id FROM orders', session)).not.toBe(before)
  })

  test('holds for EXECUTE only while the name means the same text', async () => {
    let behind: Remembered | undefined
    const session = stand.session({ preparedStatement: (name) => (name === 'p' ? behind : undefined) })
    const outcome = async (text: string | null) => {
      behind = text === null ? undefined : { text, ledTo: (await stand.judge(text)).definitions ?? [] }
      return (await stand.gate.judge('EXECUTE p', session))[0]?.decision.outcome
    }
    await outcome('SELECT id FROM orders')
    expect(await outcome('SELECT id FROM orders')).toBe('allow')
    expect(await outcome('DELETE FROM orders')).toBe('hold')
    expect(await outcome(null)).toBe('deny')
    expect(await outcome('SELECT id FROM orders')).toBe('allow')
  })

  test('is forgotten with the definitions it was judged by', async () => {
    await stand.client.query('CREATE VIEW shifting AS SELECT id FROM orders')
    await stand.catalog.refresh()
    const masks = async () => (await stand.judge('SELECT * FROM shifting')).outputMasks
    await masks()
    expect(await masks()).toBeNull()
    await stand.client.query('DROP VIEW shifting; CREATE VIEW shifting AS SELECT email FROM customers')
    const refreshed = stand.catalog.refresh()
    // Asked while the definitions are being read: it waits for them.
    expect(await masks()).toMatchObject([{ method: 'email' }])
    await refreshed
  })
})

describe('the digest', () => {
  const bound = { types: [23], formats: [0], values: [Buffer.from('7')] }
  const digest = async (
    sql: string,
    changes: Partial<SessionView> = {},
    parameters: Parameters<GateStand['gate']['digest']>[1] = bound,
  ) => {
    const session = stand.session(changes)
    return stand.gate.digest((await stand.gate.judge(sql, session))[0] as Judgement, parameters, session)
  }
  const sql = 'DELETE FROM orders WHERE id = $1'

  test('is the same for the same statement, whoever asks', async () => {
    expect(await digest(sql)).toMatch(/^[0-9a-f]{64}$/)
    expect(await digest(sql, { identity: bot })).toBe(await digest(sql))
  })

  test.each([
    { what: 'text', other: () => digest(`${sql} `) },
    { what: 'parameter', other: () => digest(sql, {}, { ...bound, values: [Buffer.from('8')] }) },
    { what: 'NULL parameter', other: () => digest(sql, {}, { ...bound, values: [null] }) },
    { what: 'empty parameter', other: () => digest(sql, {}, { ...bound, values: [Buffer.from('')] }) },
    { what: 'format', other: () => digest(sql, {}, { ...bound, formats: [1] }) },
    { what: 'type', other: () => digest(sql, {}, { ...bound, types: [20] }) },
    { what: 'number of parameters', other: () => digest(sql, {}, { types: [], formats: [], values: [] }) },
    { what: 'target', other: () => digest(sql, development) },
    { what: 'role', other: () => digest(sql, { role: 'other' }) },
    { what: 'search path', other: () => digest(sql, { searchPath: 'public' }) },
    { what: 'search path that is not known', other: () => digest(sql, { searchPath: null }) },
  ])('changes with the $what', async ({ other }) => {
    expect(await other()).not.toBe(await digest(sql))
  })

  test('changes with the text behind a prepared statement', async () => {
    const of = async (text: string) => {
      const ledTo = (await stand.judge(text)).definitions ?? []
      return digest('EXECUTE p', { preparedStatement: () => ({ text, ledTo }) })
    }
    expect(await of('DELETE FROM orders')).not.toBe(await of('DELETE FROM payments'))
    // Of the same relations, so that nothing but the text tells them apart.
    expect(await of('DELETE FROM orders WHERE id = 1')).not.toBe(await of('DELETE FROM orders WHERE id = 2'))
  })

  test('takes what is absent for something else than what is empty', async () => {
    const valued = (value: Buffer | null) => digest(sql, {}, { ...bound, values: [value] })
    expect(await valued(null)).not.toBe(await valued(Buffer.from('')))
    expect(await digest(sql, { searchPath: null })).not.toBe(await digest(sql, { searchPath: '' }))
  })

  test('changes when a table is made again, alike in everything but its OID', async () => {
    const made = async () => {
      await stand.client.query('CREATE TABLE made_again (id int)')
      await stand.catalog.refresh()
      const now = await digest('DELETE FROM made_again')
      await stand.client.query('DROP TABLE made_again')
      return now
    }
    expect(await made()).not.toBe(await made())
  })

  test('changes when a function that it calls is replaced', async () => {
    const made = async (body: string) => {
      await stand.client.query(`CREATE OR REPLACE FUNCTION digested_too() RETURNS int LANGUAGE sql AS 'SELECT ${body}'`)
      await stand.catalog.refresh()
      return digest('SELECT digested_too()')
    }
    expect(await made('1')).not.toBe(await made('2'))
    await stand.client.query('DROP FUNCTION digested_too')
  })

  test('changes when a view that it reads is replaced', async () => {
    await stand.client.query('CREATE VIEW digested AS SELECT id FROM orders')
    await stand.catalog.refresh()
    const before = await digest('SELECT * FROM digested')
    await stand.client.query('CREATE OR REPLACE VIEW digested AS SELECT id FROM orders WHERE id > 0')
    await stand.catalog.refresh()
    expect(await digest('SELECT * FROM digested')).not.toBe(before)
  })

  test('does not run parts together', async () => {
    const values = (...texts: readonly string[]) =>
      digest(sql, {}, { types: [], formats: [], values: texts.map((text) => Buffer.from(text)) })
    expect(await values('1;', '2')).not.toBe(await values('1', ';2'))
  })
})

describe('a name that is missing', () => {
  test('is looked for again, as it may have been made elsewhere a moment ago', async () => {
    await stand.client.query('CREATE TABLE fresh_elsewhere (id int); ALTER TABLE orders ADD fresh_column int')
    for (const sql of ['SELECT id FROM fresh_elsewhere', 'SELECT fresh_column FROM orders']) {
      const [judgement] = await stand.gate.judge(sql, stand.session())
      expect(judgement).toMatchObject({ decision: { outcome: 'allow' }, facts: { unresolved: [] } })
    }
    await stand.client.query('DROP TABLE fresh_elsewhere; ALTER TABLE orders DROP fresh_column')
  })

  test('is missing for good when nothing was made, and the snapshot stays', async () => {
    // What was changed before may still be noticed once more.
    await expect
      .poll(async () => {
        const { snapshot } = stand.catalog
        const judgement = await stand.judge('SELECT * FROM nowhere')
        expect(judgement.nativeError).toMatchObject({ sqlstate: '42P01', position: 15 })
        return stand.catalog.snapshot === snapshot
      })
      .toBe(true)
  })

  test('is not looked for when something else is wrong', () => {
    for (const sql of ['SELEC 1', 'DROP TABLE nowhere', "SELECT pg_read_file('x'), nothing FROM orders"])
      expect(stand.gate.judge(sql, stand.session())).not.toBeInstanceOf(Promise)
  })
})
