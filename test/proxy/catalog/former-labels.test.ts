import pg from 'pg'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { TargetConfig } from '../../../config.ts'
import { type Catalog, openCatalog } from '../../../proxy/catalog/catalog.ts'
import type { LabelRules, NamedColumn } from '../../../proxy/catalog/column-sources.ts'
import { loadParser } from '../../../proxy/sql/analyse.ts'
import { type KeptNames, openKeptNames } from '../../../workflows/state/labelled-names.ts'
import { migrate } from '../../../workflows/state/migrate.ts'
import { freshDatabase, type TestDatabase } from '../../harness/database.ts'

/** Labels that go by names, on tables whose names somebody else changes; what Holdpoint knew is in its own database. */
const log = { info: () => undefined, warn: () => undefined }
const labelled = ['visits.note', 'visits_2019.remark', 'people.email', 'people.phone']

const rules = (names: readonly string[], cleared: readonly string[] = []): LabelRules => {
  const called = ({ relation, column }: NamedColumn) => `${relation}.${column}`
  return {
    labelsFor: (column) => (names.includes(called(column)) ? ['secret'] : []),
    isCleared: (column) => cleared.includes(called(column)),
  }
}

let database: TestDatabase
let direct: pg.Client
let pool: pg.Pool
let catalog: Catalog

beforeEach(async () => {
  await loadParser()
  database = await freshDatabase()
  direct = new pg.Client(database.url)
  await direct.connect()
  await direct.query(`
    CREATE TABLE visits (id int, note text, remark text) PARTITION BY RANGE (id);
    CREATE TABLE visits_2019 PARTITION OF visits FOR VALUES FROM (1) TO (10);
    CREATE TABLE visits_2020 PARTITION OF visits FOR VALUES FROM (10) TO (20);
    CREATE TABLE people (id int, email text, phone text);
    CREATE TABLE pupils (school text) INHERITS (people);
    CREATE TABLE plain (id int, what text);
    CREATE SCHEMA archive;
    CREATE SCHEMA hold_state`)
  pool = new pg.Pool({ connectionString: database.url, options: '-c search_path=hold_state' })
  await migrate(pool)
  catalog = await opened()
})

afterEach(async () => {
  await catalog.close()
  await pool.end()
  await direct.end()
  await database[Symbol.asyncDispose]()
})

async function opened(names = labelled): Promise<Catalog> {
  const { hostname, port, username, password } = new URL(database.url)
  const target: TargetConfig = {
    name: 'prod/shop',
    environment: 'production',
    host: hostname,
    port: Number(port),
    database: database.name,
    user: username,
    password: decodeURIComponent(password),
    tls: 'disable',
  }
  const memoryOf = (where: string): Promise<KeptNames> =>
    openKeptNames({ pool, log, target: target.name, database: where })
  return openCatalog({ target, labels: rules(names), log, memoryOf, checkEveryMs: 3_600_000 })
}

const labelsOf = (relation: string, column: string, schema = 'public'): readonly string[] => {
  const found = catalog.snapshot.relation(schema, relation)
  if (found === undefined) throw new Error(`there is no ${relation}`)
  const number = found.attributes.find(({ name }) => name === column)?.number ?? 0
  return catalog.snapshot.labelsOf(found.oid, number)
}

const kept = async (): Promise<number> => {
  const { rows } = await pool.query<{ n: number }>('SELECT count(*)::int AS n FROM labelled_name')
  return rows[0]?.n ?? 0
}

/** Somebody else changes definitions; Holdpoint is told, or is not there and starts anew. */
const meanwhile = {
  'while it runs': async (sql: string) => {
    await direct.query(sql)
    await catalog.refresh()
  },
  'while it does not run': async (sql: string) => {
    await expect.poll(kept, { timeout: 20_000 }).toBeGreaterThan(0)
    const before = await kept()
    await catalog.close()
    await direct.query(sql)
    catalog = await opened()
    expect(await kept()).toBeGreaterThanOrEqual(before)
  },
} as const

for (const [when, change] of Object.entries(meanwhile)) {
  test(`a partition that is taken out ${when} keeps the labels of the table it was a part of`, async () => {
    expect(labelsOf('visits_2019', 'note')).toEqual(['secret'])
    await change('ALTER TABLE visits DETACH PARTITION visits_2019')
    expect(labelsOf('visits_2019', 'note')).toEqual(['secret'])
    expect(labelsOf('visits_2019', 'id')).toEqual([])
  })

  test(`partitions keep the labels of the only labelled one that is dropped ${when}`, async () => {
    expect(labelsOf('visits', 'remark')).toEqual(['secret'])
    await change('DROP TABLE visits_2019')
    expect(labelsOf('visits', 'remark')).toEqual(['secret'])
    expect(labelsOf('visits_2020', 'remark')).toEqual(['secret'])
  })

  test(`what is renamed ${when} keeps its labels, and who takes the name has them by its name`, async () => {
    await change(`ALTER TABLE people RENAME email TO contact; ALTER TABLE people RENAME TO persons;
      ALTER TABLE persons SET SCHEMA archive; ALTER TABLE plain RENAME TO people;
      ALTER TABLE people RENAME what TO email`)
    expect(labelsOf('persons', 'contact', 'archive')).toEqual(['secret'])
    expect(labelsOf('persons', 'phone', 'archive')).toEqual(['secret'])
    expect(labelsOf('pupils', 'contact')).toEqual(['secret'])
    expect(labelsOf('people', 'email')).toEqual(['secret'])
    expect(labelsOf('people', 'id')).toEqual([])
  })

  test(`a child that is no longer one ${when} keeps what it had of its parent`, async () => {
    await change('ALTER TABLE pupils NO INHERIT people')
    expect(labelsOf('pupils', 'phone')).toEqual(['secret'])
    expect(labelsOf('pupils', 'school')).toEqual([])
  })

  test(`a table that is made anew ${when} under a name of before has no labels of the one before`, async () => {
    await change('DROP TABLE visits_2019; CREATE TABLE apart (id int, note text, remark text)')
    expect(labelsOf('apart', 'note')).toEqual([])
  })
}

test('what the rules give nothing for any more, or say is cleared, is free', async () => {
  await meanwhile['while it runs']('ALTER TABLE visits DETACH PARTITION visits_2019')
  catalog.relabel(rules(labelled, ['visits_2019.note']))
  expect(labelsOf('visits_2019', 'note')).toEqual([])
  expect(labelsOf('visits_2020', 'note')).toEqual(['secret'])
  catalog.relabel(rules(['people.email']))
  expect(labelsOf('visits_2020', 'note')).toEqual([])
  catalog.relabel(rules(labelled))
  expect(labelsOf('visits_2019', 'note')).toEqual(['secret'])
})

test('rules that come for many tables keep nobody waiting, and what they label is remembered though it is renamed at once', async () => {
  await direct.query(
    `DO $$ BEGIN FOR n IN 1..400 LOOP EXECUTE format('CREATE TABLE many_%s (note text)', n); END LOOP; END $$`,
  )
  await catalog.refresh()
  const names = Array.from({ length: 400 }, (_, n) => `many_${n + 1}.note`)
  const { labelsFor } = rules([...labelled, ...names])
  let asked = 0
  catalog.relabel({
    labelsFor: (column) => {
      asked++
      return labelsFor(column)
    },
  })
  const askedAtOnce = asked
  expect(labelsOf('many_400', 'note')).toEqual(['secret'])
  await direct.query('ALTER TABLE many_400 RENAME note TO remark')
  await catalog.refresh()
  expect(labelsOf('many_400', 'remark')).toEqual(['secret'])
  expect(asked - askedAtOnce).toBeGreaterThan(400)
  expect(askedAtOnce).toBeLessThan(10)
})

test('rules that come while those before are remembered count for all that was there', async () => {
  const first = rules(['plain.what'])
  catalog.relabel(rules([]))
  catalog.relabel(first)
  await direct.query('ALTER TABLE plain RENAME what TO which')
  await catalog.refresh()
  expect(labelsOf('plain', 'which')).toEqual(['secret'])
})
