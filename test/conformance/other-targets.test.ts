import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { freshDatabase, type TestDatabase } from '../harness/database.ts'
import { type RunningHoldpoint, startHoldpoint, temporaryFolder } from '../harness/holdpoint.ts'
import { hasProgram, run } from '../harness/psql.ts'
import { type OlderServer, serverOfPgDump } from '../harness/server-of-pg-dump.ts'

/** Databases of one's own beside the sample, as `start --config` takes them: one for development, one on an older server. */
let playground: TestDatabase
let older: OlderServer | null
let holdpoint: RunningHoldpoint
const folder = temporaryFolder()

beforeAll(async () => {
  playground = await freshDatabase()
  older = await serverOfPgDump()
  await makeRole(
    playground.url,
    `CREATE ROLE ${role()} LOGIN PASSWORD 'app'; ALTER DATABASE ${playground.name} OWNER TO ${role()}`,
  )
  const { hostname, port } = new URL(inject('postgresUrl'))
  const targets: object[] = [
    {
      name: 'dev/playground',
      environment: 'development',
      host: hostname,
      port: Number(port),
      database: playground.name,
      user: role(),
      password: 'app',
      tls: 'disable',
    },
  ]
  if (older !== null) {
    await makeRole(older.url, 'CREATE ROLE app LOGIN; CREATE DATABASE books OWNER app')
    targets.push({
      name: 'prod/books',
      environment: 'production',
      host: '127.0.0.1',
      port: Number(new URL(older.url).port),
      database: 'books',
      user: 'app',
      tls: 'disable',
    })
  }
  const config = join(folder, 'targets.yaml')
  writeFileSync(config, JSON.stringify({ targets }))
  holdpoint = await startHoldpoint({ args: ['--config', config] })
}, 180_000)
afterAll(async () => {
  await holdpoint?.[Symbol.asyncDispose]()
  await playground?.[Symbol.asyncDispose]()
  await older?.[Symbol.asyncDispose]()
  rmSync(folder, { recursive: true, force: true })
})

const role = (): string => `app_${playground.name}`

async function makeRole(url: string, sql: string): Promise<void> {
  const client = new pg.Client(url)
  await client.connect()
  try {
    for (const statement of sql.split(';')) await client.query(statement)
  } finally {
    await client.end()
  }
}

/** The same credential, to another database. */
function urlOf(database: string, name = 'ana'): string {
  const url = new URL(holdpoint.identity(name).postgres)
  url.pathname = `/${encodeURIComponent(database)}`
  return url.href
}

describe.skipIf(!hasProgram('pgbench'))('pgbench', () => {
  test('makes and fills its tables in a development database', async () => {
    const made = await run('pgbench', ['-i', '-q', '-s', '1', urlOf('dev/playground')])
    expect(made.stderr).toMatch(/done in/)
    expect(made.status).toBe(0)
  })

  test('runs its mixed load there in every query mode', async () => {
    for (const mode of ['simple', 'extended', 'prepared']) {
      const ran = await run('pgbench', ['-n', '-M', mode, '-t', '20', '-c', '2', urlOf('dev/playground')])
      expect(ran.stdout + ran.stderr, mode).toContain('number of transactions actually processed: 40/40')
    }
  })

  test('may not make them in production', async () => {
    const made = await run('pgbench', ['-i', '-q', holdpoint.identity('report-bot').postgres])
    expect(made.status).not.toBe(0)
    expect(made.stderr).toMatch(/Holdpoint/)
  })
})

describe('a PostgreSQL of an older version', () => {
  test('is dumped table by table as directly', async (context) => {
    if (older === null) return context.skip('no pg_dump with a server of its version on this machine')
    const direct = new URL(older.url)
    direct.pathname = '/books'
    await makeRole(
      direct.href,
      `SET ROLE app; CREATE TABLE loans (id int PRIMARY KEY, title text NOT NULL, due date);
       INSERT INTO loans SELECT i, 'Book ' || i, date '2026-01-01' + i FROM generate_series(1, 500) i;
       CREATE VIEW overdue AS SELECT * FROM loans WHERE due < date '2026-06-01';
       CREATE INDEX loans_due ON loans (due)`,
    )
    const dump = async (url: string) => {
      const dumped = await run('pg_dump', ['--no-owner', '-t', 'loans', '-t', 'overdue', url])
      // Later minor versions mark a dump with a random word.
      return { ...dumped, stdout: dumped.stdout.replace(/^\\(un)?restrict .*$/gm, '') }
    }
    const [ours, theirs] = await Promise.all([dump(urlOf('books')), dump(direct.href)])
    expect(ours).toEqual(theirs)
    expect(ours.stdout).toContain('Book 500')
  })
})
