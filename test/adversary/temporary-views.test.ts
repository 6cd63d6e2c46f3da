import { serialize } from 'pg-protocol'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { transcript } from '../proxy/session/raw-client.ts'
import { canariesIn } from './canaries.ts'
import { openStand, type Stand } from './stand.ts'
import { attacks } from './temporary-view-attacks.ts'
import { drive } from './ways.ts'

/** C3 and D2: temporary views that are made, replaced, dropped and read before the server was asked about them. */
let stand: Stand
beforeAll(async () => {
  stand = await openStand(`
    CREATE FUNCTION first_remark() RETURNS text LANGUAGE sql AS 'SELECT remark FROM plain ORDER BY id LIMIT 1'`)
}, 180_000)
afterAll(() => stand?.[Symbol.asyncDispose]())

type Send = (statements: readonly string[]) => readonly Buffer[]
const sends: Readonly<Record<string, Send>> = {
  'one Query': (statements) => [serialize.query(statements.join('; '))],
  'a pipelined batch': (statements) => [
    ...statements.flatMap((text) => [serialize.parse({ text }), serialize.bind(), serialize.execute()]),
    serialize.sync(),
  ],
  'one Query that is rolled back': (statements) => [
    serialize.query(['BEGIN', ...statements, 'ROLLBACK'].join('; ')),
    serialize.query('SELECT count(*) AS n FROM t'),
  ],
  'a Query behind BEGIN': (statements) => [
    serialize.query('BEGIN'),
    serialize.query(statements.join('; ')),
    serialize.query('ROLLBACK'),
  ],
}

const VIEW = 'CREATE TEMP VIEW t AS SELECT id, email AS x, name AS y FROM customers'

describe.each(Object.entries(sends))('C3 a temporary view made and read in %s', (_, send) => {
  test.for<readonly [readonly string[], readonly string[]]>([
    [
      [VIEW, 'SELECT x, y FROM t WHERE id = 1', 'SELECT upper(x) FROM t WHERE id = 1'],
      ['D z***@***.org|Customer 1', 'D [redacted]'],
    ],
    [
      [
        'CREATE TEMP TABLE s AS SELECT id, phone FROM customers',
        'CREATE TEMP VIEW t (a, b) AS SELECT * FROM s',
        'SELECT b FROM t WHERE a = 1',
      ],
      ['D ****1001'],
    ],
    [
      [
        'CREATE TEMP TABLE s (x text)',
        'CREATE TEMP VIEW t AS SELECT x FROM s',
        'INSERT INTO s SELECT card FROM customers WHERE id = 1',
        'SELECT x FROM t',
      ],
      ['D ****2001'],
    ],
    [
      [
        'CREATE TEMP VIEW t AS SELECT id, name AS x FROM customers',
        'SELECT x FROM t WHERE id = 1',
        'CREATE OR REPLACE TEMP VIEW t AS SELECT id, email AS x FROM customers',
        'SELECT x FROM t WHERE id = 1',
      ],
      ['D Customer 1', 'D z***@***.org'],
    ],
    [
      [
        VIEW,
        'SELECT y FROM t WHERE id = 1',
        'DROP VIEW t',
        'CREATE TEMP VIEW t AS SELECT id, phone AS y FROM customers',
        'SELECT y FROM t WHERE id = 1',
      ],
      ['D Customer 1', 'D ****1001'],
    ],
    [
      [
        'CREATE TEMP VIEW customers AS SELECT 7 AS email',
        'SELECT email FROM customers',
        'SELECT email FROM public.customers WHERE id = 1',
        'DROP VIEW IF EXISTS customers',
        'SELECT email FROM customers WHERE id = 1',
      ],
      ['D 7', 'D z***@***.org'],
    ],
    [
      [
        VIEW,
        'CREATE TEMP VIEW u AS SELECT y AS v, x AS w, id FROM t',
        'CREATE TEMP TABLE customers AS SELECT 1 AS email',
        'SELECT v, w FROM u WHERE id = 1',
      ],
      ['D Customer 1|z***@***.org'],
    ],
    [
      ['CREATE TEMP VIEW t AS WITH c AS (SELECT id, way FROM reach) TABLE c', 'SELECT way FROM t WHERE id = 1'],
      ['D z***@***.org'],
    ],
    [
      [
        'CREATE TEMP RECURSIVE VIEW t (x, n) AS SELECT email, 1 FROM customers WHERE id = 1 UNION ALL SELECT x, n + 1 FROM t WHERE n < 2',
        'SELECT n FROM t ORDER BY n',
      ],
      ['D 1', 'D 2'],
    ],
  ])('C3 %s', async ([statements, expected]) => {
    const client = await stand.open('ana')
    const said = transcript(await drive(client, send(statements)))
    for (const each of expected) expect(said).toContain(each)
    expect(canariesIn(Buffer.concat(client.received.map(({ bytes }) => bytes)))).toEqual([])
    client.close()
  })
})

const reads = [
  'SELECT * FROM t',
  'SELECT t FROM t',
  'SELECT to_jsonb(t) FROM t',
  "SELECT x || '' FROM t",
  'SELECT y FROM t',
  'COPY (TABLE t) TO STDOUT',
]

describe('C3 nothing protected comes out of a temporary view', () => {
  test.for(attacks.map((statements) => [statements.join('; ').slice(0, 150), statements] as const))(
    'C3 %s',
    async ([, statements]) => {
      const { 'one Query': query = () => [], ...others } = sends
      for (const [person, send] of [
        ['report-bot', query] as const,
        ...Object.values({ query, ...others }).map((each) => ['ana', each] as const),
      ])
        for (const rest of [reads, ["SELECT x || '' FROM t"]]) {
          const client = await stand.open(person)
          const messages = [...send([...statements, ...rest]), ...reads.map((sql) => serialize.query(sql))]
          await drive(client, messages).catch(() => null)
          expect(canariesIn(Buffer.concat(client.received.map(({ bytes }) => bytes))), person).toEqual([])
          client.close()
        }
      await stand.replant()
    },
  )

  test('D2 what a relation made since hides from a view that the server has printed, the view still reads', async () => {
    for (const hides of [
      'CREATE TEMP TABLE customers AS SELECT 1 AS email, 2 AS id',
      'CREATE TEMP VIEW customers AS SELECT 1 AS email, 2 AS id',
      'SELECT 1 AS email, 2 AS id INTO TEMP customers',
      'CREATE TEMP TABLE customers (email int, id int)',
      'CREATE TEMP TABLE customers (LIKE plain)',
      'CREATE TEMP TABLE other AS SELECT 1 AS email, 2 AS id; ALTER TABLE other RENAME TO customers',
    ]) {
      const client = await stand.open('ana')
      await client.ask('CREATE TEMP VIEW t AS SELECT c.email AS x, c.id AS y FROM customers c')
      await client.ask(`${hides}; SELECT x FROM t; SELECT x || '' FROM t; TABLE t`)
      expect(transcript(await client.ask('SELECT x FROM t WHERE y = 1')), hides).toContain('D z***@***.org')
      expect(canariesIn(Buffer.concat(client.received.map(({ bytes }) => bytes))), hides).toEqual([])
      client.close()
    }
  })
})
