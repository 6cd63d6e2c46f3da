import type pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Analysis } from '../../../proxy/sql/analyse.ts'
import { corpus } from './corpus.ts'
import { isForeseen } from './foreseen-locks.ts'
import { type Sample, sample } from './sample.ts'

/** Facts are held against what the server did: what it locked, whether it wrote, and where it says columns come from. */
let shop: Sample

beforeAll(async () => {
  shop = await sample()
  await shop.client.query(`INSERT INTO customers SELECT i, 'n' || i, 'e' || i || '@x.org', '1', '2', 'DE' FROM generate_series(1, 20) i;
    INSERT INTO orders (customer_id, total, note) SELECT i, i, '{"a": 1}' FROM generate_series(1, 20) i;
    INSERT INTO staff SELECT i, 'n' || i, i, 1 FROM generate_series(1, 5) i;
    INSERT INTO people VALUES (1, 'a@b.c'); INSERT INTO order_items VALUES (20, 1, 'x', 2); REFRESH MATERIALIZED VIEW totals`)
})

afterAll(() => shop[Symbol.asyncDispose]())

interface Done {
  /** Permanent relations that are not the server's own and were locked. */
  readonly touched: readonly string[]
  /** `relation mode`, for each of them. */
  readonly locked: readonly string[]
  readonly wrote: boolean
  readonly fields: readonly pg.FieldDef[]
}

/** Runs it and takes it back. */
async function run(sql: string): Promise<Done> {
  const { client } = shop
  await client.query('BEGIN')
  try {
    const { fields } = await client.query(sql)
    const wrote = await client.query('SELECT pg_current_xact_id_if_assigned() IS NOT NULL AS wrote')
    const locked = await client.query<{ name: string; mode: string }>(
      `SELECT DISTINCT c.relname AS name, l.mode FROM pg_locks l JOIN pg_class c ON c.oid = l.relation
        WHERE l.pid = pg_backend_pid() AND c.oid >= 16384 AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
          AND c.relnamespace NOT IN (SELECT oid FROM pg_namespace WHERE nspname ~ '^pg_')`,
    )
    const modes = locked.rows.map(({ name, mode }) => `${name} ${mode}`)
    return { touched: locked.rows.map(({ name }) => name), locked: modes, wrote: wrote.rows[0]?.wrote === true, fields }
  } finally {
    await client.query('ROLLBACK')
  }
}

const changing = new Set(['write', 'ddl', 'privilege', 'external', 'unknown'])

test(`the corpus is large enough`, () => {
  expect(corpus.length).toBeGreaterThanOrEqual(160)
})

test.for(corpus)('%s', async (sql) => {
  const analysis = shop.one(sql)
  const done = await run(sql)
  expect(analysis.facts.unresolved).toEqual([])
  if (done.wrote && !analysis.facts.flags.includes('row_locks'))
    expect(analysis.facts.effects.some((effect) => changing.has(effect) || effect === 'transaction')).toBe(true)
  const named = new Set(analysis.facts.relations.map(({ name }) => name))
  expect(done.touched.filter((name) => !named.has(name) && !isPartOf(name) && !isChecked(name, named))).toEqual([])
  expect(done.locked.filter((lock) => !isForeseen(lock, [analysis.facts], related))).toEqual([])
  sameColumns(analysis, done.fields)
})

/** The server goes through a table's children by itself; facts name the parent. */
function isPartOf(name: string): boolean {
  return name === 'events_2026' || name === 'pupils'
}

const references: Readonly<Record<string, readonly string[]>> = {
  orders: ['customers', 'order_items'],
  order_items: ['orders'],
  customers: ['orders'],
  staff: ['customers'],
}

const related = new Map([...Object.entries(references), ['events_2026', ['events']], ['pupils', ['people']]] as const)

/** A foreign key's own check looks into the table at its other end. */
function isChecked(name: string, named: ReadonlySet<string>): boolean {
  return references[name]?.some((other) => named.has(other)) === true
}

/** Where RowDescription names a column, the lineage has it; and there are as many, of the same names. */
function sameColumns({ outputs, facts }: Analysis, fields: readonly pg.FieldDef[]): void {
  if (fields.length === 0 || facts.kind === 'call') return
  expect(outputs?.map(({ name }) => name)).toEqual(fields.map(({ name }) => name))
  const { snapshot } = shop.catalog
  for (const [index, field] of fields.entries()) {
    const relation = snapshot.relationByOid(field.tableID)
    if (relation === undefined || field.columnID < 1 || snapshot.viewQuery(relation.oid) !== undefined) continue
    expect(outputs?.[index]?.exact).toBe(true)
    expect(outputs?.[index]?.sources).toMatchObject([{ relationOid: field.tableID, attribute: field.columnID }])
  }
}
