import { serialize } from 'pg-protocol'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type RawClient, transcript } from '../proxy/session/raw-client.ts'
import { canariesIn } from './canaries.ts'
import { openStand, type Stand } from './stand.ts'
import { drive } from './ways.ts'

const { parse, bind, execute, query, sync } = serialize

let stand: Stand
let client: RawClient
beforeAll(async () => {
  stand = await openStand(`
    CREATE SCHEMA labelled;
    CREATE SCHEMA first;
    CREATE VIEW labelled.plain AS SELECT id, email AS remark FROM customers;
    CREATE TABLE changing (id int, note text);
    INSERT INTO changing VALUES (1, 'a'), (2, 'b'), (3, 'c');
  `)
}, 180_000)
afterAll(() => stand?.[Symbol.asyncDispose]())
beforeEach(async () => {
  await stand.replant()
  client = await stand.open('ana')
})
afterEach(() => client.close())

const rows = async (messages: readonly Buffer[]): Promise<readonly string[]> =>
  transcript(await drive(client, messages)).filter((line) => /^[DE]/.test(line))
const leaked = (): readonly string[] => canariesIn(Buffer.concat(client.received.map(({ bytes }) => bytes)))

let made = 0
/** A definition changes past Holdpoint, and Holdpoint has read it. */
async function changedElsewhere(sql: string): Promise<void> {
  const name = `made_${++made}`
  await stand.direct.query(`${sql}; CREATE TABLE ${name} (id int)`)
  const other = await stand.open('ana')
  await expect
    .poll(async () => transcript(await other.ask(`SELECT id FROM ${name}`)), { timeout: 15_000 })
    .toContain('Z I')
  expect(transcript(await other.ask(`SELECT id FROM ${name}`))).toContain('C SELECT 0')
  other.close()
}

/** Each is made, then something else in the database changes, then it is used. */
const uses: readonly {
  readonly name: string
  readonly made: (sql: string) => readonly Buffer[]
  readonly used: readonly Buffer[]
}[] = [
  { name: 'PREPARE and EXECUTE', made: (sql) => [query(`PREPARE s AS ${sql}`)], used: [query('EXECUTE s')] },
  { name: 'Parse and EXECUTE', made: (sql) => [parse({ name: 's', text: sql }), sync()], used: [query('EXECUTE s')] },
  {
    name: 'PREPARE and Bind',
    made: (sql) => [query(`PREPARE s AS ${sql}`)],
    used: [bind({ statement: 's' }), execute(), sync()],
  },
  {
    name: 'Parse and Bind',
    made: (sql) => [parse({ name: 's', text: sql }), sync()],
    used: [bind({ statement: 's' }), execute(), sync()],
  },
  {
    name: 'DECLARE and FETCH',
    made: (sql) => [query(`BEGIN; DECLARE s CURSOR FOR ${sql}`)],
    used: [query('FETCH ALL FROM s')],
  },
  {
    name: 'DECLARE WITH HOLD and FETCH',
    made: (sql) => [query(`DECLARE s CURSOR WITH HOLD FOR ${sql}`)],
    used: [query('FETCH ALL FROM s')],
  },
  {
    name: 'Bind and Execute',
    made: (sql) => [query('BEGIN'), parse({ text: sql }), bind({ portal: 's' }), sync()],
    used: [execute({ portal: 's' }), sync()],
  },
]

describe('what a session remembers under a name is used while it leads to what it led to', () => {
  test.for(uses)('$name: something else changed in the database', async ({ made, used }) => {
    await drive(client, made('SELECT note FROM changing ORDER BY id'))
    await changedElsewhere('SELECT 1')
    expect(await rows(used)).toEqual(['D a', 'D b', 'D c'])
  })

  test.for(uses)('D1 D2 $name: a view has come to stand before it', async ({ made, used }) => {
    await client.ask('SET search_path = first, labelled, public')
    await drive(client, made('SELECT remark FROM plain ORDER BY id'))
    await changedElsewhere("CREATE VIEW first.plain AS SELECT 1 AS id, 'nothing'::text AS remark")
    const seen = await rows(used)
    expect(leaked()).toEqual([])
    expect(seen.length).toBeGreaterThan(0)
    await stand.direct.query('DROP VIEW first.plain')
  })

  test.for(uses)(
    'D1 D2 $name: what is not labelled has come to stand before it, and is gone again',
    async ({ made, used }) => {
      await client.ask('SET search_path = first, labelled, public')
      await drive(client, made('SELECT remark FROM plain ORDER BY id'))
      await changedElsewhere("CREATE VIEW first.plain AS SELECT 1 AS id, 'nothing'::text AS remark")
      await rows(used)
      await client.ask('ROLLBACK')
      await changedElsewhere('DROP VIEW first.plain')
      await rows(used)
      expect(leaked()).toEqual([])
    },
  )

  test.for(uses)('D1 D2 $name: a temporary table has come to stand before it', async ({ made, used }) => {
    await client.ask('SET search_path = labelled')
    await drive(client, made('SELECT remark FROM plain ORDER BY id'))
    await client.ask("CREATE TEMP TABLE plain AS SELECT 1 AS id, 'nothing'::text AS remark")
    await rows(used)
    await rows(used)
    expect(leaked()).toEqual([])
  })

  test('a table that was altered is read on by what was prepared', async () => {
    await client.ask('PREPARE s AS SELECT note FROM changing WHERE id = 1')
    await changedElsewhere('ALTER TABLE changing ADD more text')
    expect(await rows([query('EXECUTE s')])).toEqual(['D a'])
    expect(await rows([bind({ statement: 's' }), execute(), sync()])).toEqual(['D a'])
  })

  test('EXECUTE right behind Parse, while definitions are being read', async () => {
    for (let round = 0; round < 100; round++) {
      await stand.replant()
      const one = await stand.open('ana')
      const lines = transcript(
        await drive(one, [parse({ name: 's', text: 'SELECT name FROM products' }), sync(), query('EXECUTE s')]),
      )
      expect(lines.filter((line) => line.startsWith('D '))).toEqual(['D Lamp', 'D Chair'])
      one.close()
    }
  })
})
