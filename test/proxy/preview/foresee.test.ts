import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { BoundParameters } from '../../../proxy/gate.ts'
import { foresee } from '../../../proxy/preview/foresee.ts'
import { type Reading, type Seeing, shownTo } from '../../../proxy/preview/shown-examples.ts'
import type { KeptExamples } from '../../../workflows/holds/examples.ts'
import { type GateStand, openGateStand } from '../gate-stand.ts'

let stand: GateStand
beforeAll(async () => {
  stand = await openGateStand(`
    INSERT INTO customers (name, email, phone, birth_date)
      SELECT 'n' || i, 'canary' || i || '@x.org', '0170 555 000' || i, date '1980-05-05' FROM generate_series(1, 9) i;
    INSERT INTO orders (customer_id, status) SELECT 1 + i % 9, 'open' FROM generate_series(1, 20) i;
    INSERT INTO products (name, price_cents) VALUES ('chair', 1000);
    INSERT INTO order_items SELECT o.id, 1, 1, 2, 500 FROM orders o;
    INSERT INTO order_items SELECT o.id, 2, 1, 2, 500 FROM orders o WHERE o.id <= 5;
    INSERT INTO payments (order_id, amount_cents, method, paid_at) SELECT id, 500, 'card', now() FROM orders WHERE id <= 3;
    CREATE TABLE notes (id int PRIMARY KEY, text text, price numeric(10, 2), code varchar(3));
    INSERT INTO notes SELECT i, 'note ' || i, i FROM generate_series(1, 4) i;
    CREATE TABLE tree (id int PRIMARY KEY, up int REFERENCES tree ON DELETE CASCADE ON UPDATE CASCADE);
    CREATE TABLE watcher (note int REFERENCES notes ON DELETE SET NULL ON UPDATE CASCADE);
    INSERT INTO watcher SELECT 1 FROM generate_series(1, 3);
    CREATE TRIGGER same BEFORE UPDATE OF text ON notes FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger();
    CREATE TRIGGER off BEFORE UPDATE ON notes FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger();
    ALTER TABLE notes DISABLE TRIGGER off;
    CREATE SCHEMA evil;
    CREATE TABLE evil.seen (at timestamptz);
    CREATE FUNCTION evil.eq(int, int) RETURNS boolean LANGUAGE sql VOLATILE AS
      'SELECT pg_advisory_lock(4711) IS NOT NULL';
    CREATE OPERATOR evil.= (LEFTARG = int, RIGHTARG = int, FUNCTION = evil.eq);
    CREATE ROLE blind_${process.pid};
    ANALYZE;`)
}, 180_000)
afterAll(async () => {
  await stand?.client.query(`DROP ROLE IF EXISTS blind_${process.pid}`)
  await stand?.[Symbol.asyncDispose]()
})

const none: BoundParameters = { types: [], formats: [], values: [] }

const clearly = ({ reads }: KeptExamples): Reading => ({ seeing: reads.map(() => 'clear'), policy: '' })

/** Every label by the method that the policy has for it. */
function asMasked({ reads }: KeptExamples): Reading {
  const seeing = reads.map(({ schema, relation, column, labels }): Seeing => {
    const method = stand.policy.labels.methodFor(labels)
    return labels.length === 0 ? 'clear' : { schema, relation, column, label: labels.join(), method }
  })
  return { seeing, policy: '' }
}

/** A message may hold several statements. */
async function foreseen(
  sql: string,
  { bound = none, inTransaction = false, role = stand.session().role, timeoutMs = 10_000, searchPath = 'public' } = {},
) {
  const judgements = await stand.gate.judge(sql, stand.session())
  const options = { catalog: stand.catalog, labels: stand.policy.labels, rulePlaces: new Map(), timeoutMs }
  const { foreseen, examples } = await foresee(judgements, bound, { role, searchPath, inTransaction }, options)
  return { ...foreseen, examples, shown: examples === null ? null : shownTo(examples, clearly(examples)) }
}

describe('what a held statement would do', () => {
  test('an UPDATE: its rows before and after, as the columns would have them', async () => {
    const { shown } = await foreseen('UPDATE notes SET price = price * 1.105, text = upper(text) WHERE id = 2')
    expect(shown).toMatchObject({
      columns: ['id', 'text', 'price', 'code'].map((name) => ({ name, labels: [] })),
      rows: [
        {
          before: ['2', 'note 2', '2.00', null],
          after: ['2', 'NOTE 2', '2.21', null],
          changed: [false, true, true, false],
        },
      ],
    })
  })

  test('with parameters, in text and in bytes', async () => {
    const bound = { types: [1700, 23], formats: [0, 1], values: [Buffer.from('7.5'), Buffer.from([0, 0, 0, 3])] }
    const { shown } = await foreseen('UPDATE notes SET price = $1 WHERE id = $2', { bound })
    expect(shown?.rows).toMatchObject([{ before: ['3', 'note 3', '3.00', null], after: ['3', 'note 3', '7.50', null] }])
  })

  test('a DELETE: three of its rows, gone', async () => {
    const { shown } = await foreseen('DELETE FROM notes')
    expect(shown?.rows).toHaveLength(3)
    expect(shown?.rows.every(({ after, before }) => after === null && before !== null)).toBe(true)
  })

  test('an INSERT … SELECT: rows that would be new', async () => {
    const { shown } = await foreseen(
      'INSERT INTO notes (id, text) SELECT id + 100, upper(text) FROM notes WHERE id = 1',
    )
    expect(shown).toMatchObject({
      columns: [{ name: 'id' }, { name: 'text' }],
      rows: [{ before: null, after: ['101', 'NOTE 1'] }],
    })
  })

  test.each([
    "UPDATE customers SET email = 'new' || email WHERE id < 3",
    'UPDATE customers SET name = email WHERE id < 3',
    'UPDATE customers SET name = lower(customers.email) || phone',
    'UPDATE customers SET phone = name',
    'DELETE FROM customers WHERE id = 1',
    'INSERT INTO notes (id, text) SELECT id, email FROM customers',
    "INSERT INTO customers (name, email) SELECT email, 'x@y.org' FROM customers",
    'UPDATE notes SET text = (SELECT email FROM customers LIMIT 1)',
    'UPDATE customers SET name = customers::text',
  ])('nothing of a labelled column is shown to whom it is masked for, nor stands in the request: %s', async (sql) => {
    const { shown: _, examples, ...request } = await foreseen(sql)
    const shown = examples === null ? null : shownTo(examples, asMasked(examples))
    const said = JSON.stringify({ shown, request })
    expect(said).not.toMatch(/canary|0170|555|1980-05/)
  })

  test('a labelled column is shown to whom it is masked for as it would be if they read it', async () => {
    const { examples } = await foreseen("UPDATE customers SET phone = '030 12345678' WHERE id = 1")
    const { columns = [], rows = [] } = examples === null ? {} : shownTo(examples, asMasked(examples))
    const at = (name: string): number => columns.findIndex((column) => column.name === name)
    expect(columns[at('email')]).toEqual({ name: 'email', labels: ['email'], seen: 'masked' })
    expect(rows[0]?.before?.[at('email')]).toBe('c***@***.org')
    expect(rows[0]?.after?.[at('phone')]).toBe('****5678')
    expect(rows[0]?.changed[at('phone')]).toBe(true)
  })

  test.each([
    ['DELETE FROM notes WHERE random() < 2', 'a volatile function'],
    ['UPDATE notes SET text = DEFAULT', 'a default'],
    ["INSERT INTO notes VALUES (9, 'x')", 'no query'],
  ])('no examples for %s: %s', async (sql) => {
    expect((await foreseen(sql)).examples).toBeNull()
  })
})

describe('foreign keys', () => {
  test('are followed to where nothing more happens, and counted', async () => {
    const { consequences } = await foreseen('DELETE FROM orders WHERE id <= 5')
    expect(consequences?.cascades).toEqual([
      {
        table: 'public.order_items',
        constraint: 'order_items_order_id_fkey',
        does: 'delete',
        from: 'public.orders',
        rows: 10,
      },
      {
        table: 'public.payments',
        constraint: 'payments_order_id_fkey',
        does: 'delete',
        from: 'public.orders',
        rows: 3,
      },
    ])
    expect(consequences?.locks).toContainEqual({ table: 'public.payments', mode: 'ROW EXCLUSIVE' })
  })

  test('that come back to their own table end', async () => {
    const { consequences } = await foreseen('DELETE FROM tree')
    expect(consequences?.cascades).toMatchObject([{ table: 'public.tree', does: 'delete', from: 'public.tree' }])
  })

  test('that write are told apart from those that delete, and only for the columns they are about', async () => {
    const by = async (sql: string) => (await foreseen(sql)).consequences?.cascades
    expect(await by('DELETE FROM notes')).toMatchObject([{ table: 'public.watcher', does: 'set_null', rows: 3 }])
    expect(await by('UPDATE notes SET id = id + 10')).toMatchObject([
      { table: 'public.watcher', does: 'update', rows: 3 },
    ])
    expect(await by("UPDATE notes SET text = 'x'")).toEqual([])
  })

  test('an operator that the session puts in front is never called', async () => {
    const { consequences } = await foreseen('DELETE FROM orders', { searchPath: 'evil, pg_catalog, public' })
    expect(consequences?.cascades).toMatchObject([{ rows: 25 }, { rows: 3 }])
    // Of this database: other tests have locks of their own meanwhile.
    const { rows } = await stand.client.query(
      `SELECT count(*)::int AS n FROM pg_locks WHERE locktype = 'advisory'
         AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
    )
    expect(rows).toEqual([{ n: 0 }])
  })
})

describe('triggers', () => {
  test('are named with what they run and whether they are on', async () => {
    const { consequences } = await foreseen("UPDATE notes SET text = 'x' WHERE id = 1")
    expect(consequences?.triggers).toEqual([
      expect.objectContaining({ name: 'off', on: 'update', timing: 'before', enabled: 'disabled' }),
      {
        table: 'public.notes',
        name: 'same',
        runs: 'pg_catalog.suppress_redundant_updates_trigger',
        on: 'update',
        timing: 'before',
        enabled: 'origin',
      },
    ])
  })

  test('of other columns do not fire', async () => {
    const { consequences } = await foreseen('UPDATE notes SET price = 1')
    expect(consequences?.triggers?.map(({ name }) => name)).toEqual(['off'])
  })
})

describe('locks and undoing', () => {
  test.each([
    ['DELETE FROM notes', 'ROW EXCLUSIVE', 'impossible'],
    ['DROP TABLE notes', 'ACCESS EXCLUSIVE', 'impossible'],
    ['TRUNCATE notes', 'ACCESS EXCLUSIVE', 'impossible'],
    ['CREATE INDEX ON notes (text)', 'SHARE', 'by_hand'],
    ['CREATE INDEX CONCURRENTLY ON notes (text)', 'SHARE UPDATE EXCLUSIVE', 'by_hand'],
    ['ALTER TABLE notes ADD COLUMN more int', 'ACCESS EXCLUSIVE', 'partly'],
    ['ALTER TABLE notes ALTER text SET STATISTICS 10', 'SHARE UPDATE EXCLUSIVE', 'partly'],
    ['LOCK TABLE notes IN SHARE ROW EXCLUSIVE MODE', 'SHARE ROW EXCLUSIVE', 'unknown'],
    ['SELECT * FROM notes', 'ACCESS SHARE', 'nothing_to_undo'],
    ['SELECT * FROM notes FOR UPDATE', 'ROW SHARE', 'nothing_to_undo'],
    ['EXPLAIN UPDATE notes SET price = 1', 'ROW EXCLUSIVE', 'nothing_to_undo'],
    ['CREATE TABLE more (note int REFERENCES notes)', 'SHARE ROW EXCLUSIVE', 'by_hand'],
    ["INSERT INTO notes VALUES (1, '') ON CONFLICT (id) DO UPDATE SET text = 'x'", 'ROW EXCLUSIVE', 'impossible'],
  ])('%s: %s, %s', async (sql, mode, how) => {
    const { consequences } = await foreseen(sql)
    expect(consequences?.locks.find(({ table }) => table === 'public.notes')).toEqual({ table: 'public.notes', mode })
    expect(consequences?.undo.how).toBe(how)
  })

  test('the locks are those that the server takes', async () => {
    for (const sql of [
      'DELETE FROM notes',
      'TRUNCATE watcher',
      'CREATE INDEX ON notes (text)',
      'LOCK notes IN EXCLUSIVE MODE',
    ]) {
      const { consequences } = await foreseen(sql)
      await stand.client.query('BEGIN')
      await stand.client.query(sql)
      const { rows } = await stand.client.query(`
        SELECT n.nspname || '.' || relname AS table, mode FROM pg_locks l JOIN pg_class c ON c.oid = l.relation
        JOIN pg_namespace n ON n.oid = relnamespace WHERE pid = pg_backend_pid() AND relkind = 'r' AND nspname = 'public'`)
      await stand.client.query('ROLLBACK')
      for (const { table, mode } of consequences?.locks ?? [])
        expect(rows, sql).toContainEqual({
          table,
          mode: `${mode
            .split(' ')
            .map((word) => word[0] + word.slice(1).toLowerCase())
            .join('')}Lock`,
        })
    }
  })

  test('in an open transaction there is ROLLBACK', async () => {
    const { consequences } = await foreseen('DELETE FROM notes', { inTransaction: true })
    expect(consequences?.undo.sentence).toMatch(/^Until the client commits its open transaction, ROLLBACK/)
  })
})

describe('several statements in one message', () => {
  test('are one that is told whole, where the others only begin and end', async () => {
    const { preview, consequences } = await foreseen('BEGIN; DELETE FROM orders WHERE id <= 5; COMMIT')
    expect(preview).toEqual({ kind: 'counted', rows: 5, ofRows: 20 })
    expect(consequences).toMatchObject({ cascades: [{ rows: 10 }, { rows: 3 }], undo: { how: 'impossible' } })
    expect(consequences?.examples).toBe(3)
  })

  test('are told together, each as if it came alone', async () => {
    const { preview, consequences } = await foreseen(
      "UPDATE notes SET text = 'x' WHERE id < 3; DELETE FROM tree; SELECT 1; INSERT INTO notes SELECT 7",
    )
    expect(preview).toEqual({
      ...{ kind: 'estimated', rows: 3, ofRows: null },
      each: [
        { tag: 'UPDATE', kind: 'counted', rows: 2, ofRows: 4 },
        { tag: 'DELETE', kind: 'counted', rows: 0, ofRows: 0 },
        { tag: 'INSERT', kind: 'estimated', rows: 1, ofRows: null },
      ],
    })
    expect(consequences?.triggers?.map(({ name }) => name)).toEqual(['off', 'same'])
    expect(consequences?.locks.map(({ table }) => table)).toEqual(['public.notes', 'public.watcher', 'public.tree'])
    expect(consequences?.undo.how).toBe('impossible')
    expect(consequences?.examples).toBeNull()
  })
})

test('what the role may not read is not shown', async () => {
  const { preview, consequences } = await foreseen('DELETE FROM notes', { role: `blind_${process.pid}` })
  expect(preview).toMatchObject({ kind: 'unknown' })
  expect(consequences).toMatchObject({ examples: null, cascades: [{ rows: null }], locks: [{}, {}] })
})

test('nothing is changed by looking', async () => {
  await foreseen("UPDATE notes SET text = 'looked'")
  const { rows } = await stand.client.query("SELECT FROM notes WHERE text = 'looked'")
  expect(rows).toEqual([])
})

test('a database that does not answer delays nobody, and what the statement tells is told', async () => {
  const judgement = await stand.judge('DELETE FROM notes')
  const silent = { query: () => new Promise<never>(() => undefined), snapshot: stand.catalog.snapshot }
  const options = { catalog: silent, labels: stand.policy.labels, rulePlaces: new Map(), timeoutMs: 20 }
  const view = { role: 'x', searchPath: '', inTransaction: false }
  expect((await foresee([judgement], none, view, options)).foreseen).toMatchObject({
    preview: { kind: 'unknown' },
    consequences: {
      cascades: null,
      triggers: null,
      examples: null,
      undo: { how: 'impossible' },
      locks: [{ mode: 'ROW EXCLUSIVE' }, {}],
    },
  })
})

test('says who sees each label clear, by the policy that holds', async () => {
  expect((await foreseen('DELETE FROM customers')).labelsClearTo).toMatchObject({ email: ['pii-readers'] })
})
