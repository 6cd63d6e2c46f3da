import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type RunningHoldpoint, startHoldpoint, temporaryFolder } from '../harness/holdpoint.ts'
import { hasProgram, psql, type Ran, run } from '../harness/psql.ts'

/** What people's tools say by themselves works through Holdpoint as it works without it. */
let holdpoint: RunningHoldpoint
let through: string
let direct: string
const folder = temporaryFolder()

beforeAll(async () => {
  holdpoint = await startHoldpoint()
  through = holdpoint.identity('ana').postgres
  direct = holdpoint.ready.upstream
  const client = new pg.Client({ connectionString: direct })
  await client.connect()
  await client.query(`CREATE TABLE notes (id int, note text);
    CREATE FUNCTION half(n int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT n / 2'`)
  await client.end()
}, 180_000)
afterAll(async () => {
  await holdpoint?.[Symbol.asyncDispose]()
  rmSync(folder, { recursive: true, force: true })
})

describe.skipIf(!hasProgram('psql'))('psql', () => {
  const commands = [
    '\\d',
    '\\d+',
    '\\dt+',
    '\\df',
    '\\d customers',
    '\\d+ customers',
    '\\d+ orders',
    '\\d+ order_totals',
    '\\di',
    '\\dv',
    '\\dn+',
    '\\du',
    '\\dT',
    '\\ds',
    '\\dx',
    '\\dp',
    '\\dd',
    '\\dC',
    '\\sf half',
    '\\sv order_totals',
    '\\conninfo',
  ]
  test.each(commands)('answers %s as a direct connection does', async (command) => {
    const [ours, theirs] = await Promise.all([psql(through, command), psql(direct, command)])
    if (command !== '\\conninfo') expect(ours).toEqual(theirs)
    expect(ours.status).toBe(0)
  })

  // It asks for what other versions have: a mistake of psql's own.
  test.each([
    '\\l',
    'SELECT nothing FROM orders',
    'SELECT 1 FROM orders\n WHERE id = nothing(1)',
    'SELECT * FROM nowhere',
    'SELEC 1',
  ])('shows where the mistake is in %s as a direct connection does', async (command) => {
    const [ours, theirs] = await Promise.all([psql(through, command), psql(direct, command)])
    const marked = ({ stderr }: Ran) => stderr.split('\n').filter((line) => !/^(DETAIL|HINT): /.test(line))
    expect(marked(ours)).toEqual(marked(theirs))
    expect(ours.stdout).toBe(theirs.stdout)
  })

  test('copies rows out with \\copy', async () => {
    const [ours, theirs] = [join(folder, 'ours.csv'), join(folder, 'theirs.csv')]
    const copy = (file: string) =>
      `\\copy (SELECT id, status, ordered_at FROM orders ORDER BY id) TO '${file}' CSV HEADER`
    const ran = await Promise.all([psql(through, copy(ours)), psql(direct, copy(theirs))])
    expect(ran[0]).toEqual(ran[1])
    expect(readFileSync(ours, 'utf8')).toBe(readFileSync(theirs, 'utf8'))
  })

  test('copies rows in with \\copy', async () => {
    const file = join(folder, 'in.csv')
    writeFileSync(file, '7001,one\n7002,"two, too"\n')
    const copied = await psql(through, `\\copy notes (id, note) FROM '${file}' CSV`)
    expect(copied).toMatchObject({ status: 0, stderr: '' })
    const { stdout } = await psql(direct, 'SELECT * FROM notes ORDER BY id')
    expect(stdout).toBe('7001|one\n7002|two, too\n')
  })

  // What readline asks when a person presses Tab after "SELECT * FROM cus", as psql 15 sends it.
  test('completes table names', async () => {
    const sql = `SELECT pg_catalog.quote_ident(c.relname) FROM pg_catalog.pg_class c WHERE c.relkind IN ('r','v','m','S','f','p')
      AND substring(pg_catalog.quote_ident(c.relname),1,3)='cus' AND pg_catalog.pg_table_is_visible(c.oid)
      AND c.relnamespace <> (SELECT oid FROM pg_catalog.pg_namespace WHERE nspname = 'pg_catalog') LIMIT 1000`
    const ours = await psql(through, sql)
    expect(ours.stderr).toBe('')
    expect(ours.stdout.split('\n')).toContain('customers')
  })

  test('runs a script in one transaction', async () => {
    const script = ['BEGIN', 'SELECT count(*) FROM orders', 'SAVEPOINT a', 'SELECT 1', 'ROLLBACK TO a', 'COMMIT']
    const [ours, theirs] = await Promise.all([psql(through, ...script), psql(direct, ...script)])
    expect(ours).toEqual(theirs)
  })
})

describe.skipIf(!hasProgram('pgbench'))('pgbench', () => {
  test('runs its read-only load in every query mode', async () => {
    await run('pgbench', ['-i', '-q', direct])
    for (const mode of ['simple', 'extended', 'prepared']) {
      const ran = await run('pgbench', ['-n', '-S', '-M', mode, '-t', '50', '-c', '2', through])
      expect(ran.stderr + ran.stdout, mode).toContain('number of failed transactions: 0')
    }
  })
})
