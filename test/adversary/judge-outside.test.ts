import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { freePort } from '../../workflows/development/free-port.ts'
import { type Postgres, startPostgres } from '../../workflows/development/postgres.ts'
import { type Sample, sample, schema } from '../proxy/sql/sample.ts'
import { OutsideWitnesses, type Reach, unsaid } from './outside-witnesses.ts'

/**
 * E: the server is the judge of what its transaction does not take back, too: on a throw-away server, statements are run
 * that reach for files, programs, other sessions and other servers, and what others saw of it is held against the facts.
 */
let folder: string
let server: Postgres
let shop: Sample
let witnesses: OutsideWitnesses
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'holdpoint-outside-'))
  chmodSync(folder, 0o777)
  server = await startPostgres({ cluster: join(folder, 'postgres'), port: await freePort(), password: 'test' })
  const url = server.url('postgres')
  shop = await sample(
    `${schema} CREATE TABLE elsewhere (note text); CREATE EXTENSION IF NOT EXISTS dblink;
    CREATE FUNCTION hides(what text) RETURNS text LANGUAGE plpgsql AS 'DECLARE v text; BEGIN EXECUTE what INTO v; RETURN v; END';
    CREATE FUNCTION steps() RETURNS bigint LANGUAGE sql VOLATILE AS 'SELECT nextval($$orders_id_seq$$)';
    CREATE FUNCTION writes() RETURNS void LANGUAGE plpgsql AS $$ BEGIN EXECUTE 'INSERT INTO elsewhere VALUES (1)'; END $$;
    INSERT INTO orders (total) VALUES (1), (2)`,
    { url, name: 'postgres', [Symbol.asyncDispose]: () => Promise.resolve() },
  )
  witnesses = await OutsideWitnesses.open(url, folder)
  chmodSync(witnesses.folder, 0o777)
}, 180_000)
afterAll(async () => {
  await witnesses?.[Symbol.asyncDispose]()
  await shop?.[Symbol.asyncDispose]()
  await server?.stop()
  rmSync(folder, { recursive: true, force: true })
})

/** What others must have seen of it, so that no witness sleeps. */
const statements: readonly (readonly [sql: string, seen: readonly Reach[]])[] = [
  ["COPY orders TO ':folder/out'", ['wrote a file']],
  ["COPY (SELECT 1) TO PROGRAM 'cat > :folder/out'", ['wrote a file']],
  ["COPY audit_log FROM PROGRAM 'touch :folder/out'", ['wrote a file']],
  ["COPY (SELECT 1) TO PROGRAM 'cat > /dev/null'", []],
  ["COPY elsewhere FROM ':folder/planted'", ['wrote rows elsewhere']],
  ["WITH w AS (SELECT pg_read_file(':folder/planted') AS f) SELECT f FROM w", ['gave back a file']],
  ["SELECT * FROM pg_read_binary_file(':folder/planted')", ['gave back a file']],
  ["SELECT (SELECT convert_from(pg_read_binary_file(':folder/planted'), 'UTF8'))", ['gave back a file']],
  ["SELECT hides($$SELECT pg_read_file(':folder/planted')$$)", ['gave back a file']],
  ["SELECT id FROM orders WHERE length(pg_read_file(':folder/planted')) > 0", []],
  ["SELECT pg_ls_dir(':folder')", []],
  ["SELECT (pg_stat_file(':folder/planted')).size", []],
  ["SELECT lo_import(':folder/planted', 4711)", ['touched large objects']],
  ["SELECT convert_from(lo_get(4711), 'UTF8')", ['gave back a file']],
  ["SELECT lo_export(4711, ':folder/out')", ['wrote a file']],
  ["SELECT lo_put(4711, 0, 'other')", ['touched large objects']],
  ["SELECT lo_from_bytea(0, 'x')", ['touched large objects']],
  ['SELECT lo_unlink(4711)', ['touched large objects']],
  ["SELECT pg_notify('heard', 'x')", ['told others']],
  ['NOTIFY heard', ['told others']],
  ["SELECT count(pg_notify('heard', id::text)) FROM orders", ['told others']],
  ['DO $$ BEGIN NOTIFY heard; END $$', ['told others']],
  ['SELECT pg_terminate_backend(:pid)', ['ended a session']],
  ['SELECT id FROM orders ORDER BY pg_terminate_backend(:pid, 0)', ['ended a session']],
  ['SELECT pg_cancel_backend(:pid)', []],
  ["SELECT set_config('work_mem', '1234kB', false)", ['changed a setting']],
  ["SELECT id FROM orders WHERE set_config('enable_seqscan', 'off', false) = 'off'", ['changed a setting']],
  ["SET application_name = 'other'", ['changed a setting']],
  ["SELECT hides($$SELECT set_config('work_mem', '1235kB', false)$$)", ['changed a setting']],
  ["SELECT nextval('orders_id_seq')", ['moved a sequence']],
  ["SELECT setval('orders_id_seq', 100)", ['moved a sequence']],
  ['INSERT INTO orders (total) SELECT 1', ['moved a sequence']],
  ['SELECT steps()', ['moved a sequence']],
  ["SELECT currval('orders_id_seq') FROM (SELECT nextval('orders_id_seq')) s", ['moved a sequence']],
  ['SELECT pg_advisory_lock(7)', ['took an advisory lock']],
  ['SELECT pg_try_advisory_lock_shared(id) FROM orders LIMIT 1', ['took an advisory lock']],
  ["SELECT hides('SELECT pg_advisory_lock(8)')", ['took an advisory lock']],
  ['SELECT writes()', ['wrote rows elsewhere']],
  ['SELECT id FROM orders WHERE writes() IS NULL', ['wrote rows elsewhere']],
  ["DO $$ BEGIN EXECUTE 'INSERT INTO elsewhere VALUES (''x'')'; END $$", ['wrote rows elsewhere']],
  ["SELECT dblink_exec(':own', 'INSERT INTO elsewhere VALUES (2)')", ['wrote rows elsewhere']],
  [
    "SELECT * FROM dblink(':own', 'INSERT INTO elsewhere VALUES (3) RETURNING note') AS t (note text)",
    ['wrote rows elsewhere'],
  ],
  ["SELECT query_to_xml($$SELECT pg_read_file(':folder/planted')$$, true, false, '')", ['gave back a file']],
  ["SELECT database_to_xml(true, false, '')", []],
  ["SELECT pg_logical_emit_message(false, 'a', 'b')", []],
  ['SELECT pg_reload_conf()', []],
  ['SELECT pg_rotate_logfile()', []],
  ['SELECT pg_switch_wal()', []],
  ['SELECT pg_stat_reset()', []],
  ['SELECT pg_sleep(0)', []],
  ['SELECT count(*) FROM orders', []],
  ['SELECT now(), random(), gen_random_uuid()', []],
  ['SELECT last_value FROM orders_id_seq', []],
  ['SELECT mail_of(1), twice(2)', []],
]

test.for(statements)('E %s', async ([template, seen]) => {
  const sql = template.replaceAll(
    ':own',
    `dbname=postgres host=127.0.0.1 port=${server.port} user=postgres password=test`,
  )
  const reached = await witnesses.reachOf(sql)
  const { facts } = shop.one(sql.replaceAll(':folder', '/srv').replaceAll(':pid', '1'))
  for (const each of seen) expect(reached, `${sql}: the witness`).toContain(each)
  expect(unsaid(facts, reached)).toEqual([])
})

test('E what the facts keep to themselves is found out by each witness', () => {
  const { facts } = shop.one('SELECT count(*) FROM orders')
  for (const reach of new Set(statements.flatMap(([, seen]) => seen)))
    expect(unsaid(facts, new Set([reach]))).toEqual([reach])
})

/** Known by name for what they reach, though nothing here saw it. */
test.for([
  ['SELECT pg_reload_conf()'],
  ['SELECT pg_rotate_logfile()'],
  ['SELECT pg_switch_wal()'],
  ['SELECT pg_stat_reset()'],
  ['SELECT pg_cancel_backend(1)'],
  ["SELECT pg_logical_emit_message(false, 'a', 'b')"],
  ["SELECT pg_ls_dir('/srv')"],
  ["SELECT database_to_xml(true, false, '')"],
  ["COPY (SELECT 1) TO PROGRAM 'true'"],
])('E more than a read: %s', ([sql = '']) => {
  expect(shop.one(sql).facts.effects.filter((effect) => effect !== 'read')).not.toEqual([])
})
