import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Effect, Flag } from '../../../policies/input.ts'
import { type Sample, sample } from './sample.ts'

let shop: Sample

beforeAll(async () => {
  shop = await sample()
})

afterAll(() => shop[Symbol.asyncDispose]())

type Case = readonly [sql: string, effects: readonly Effect[], flags?: readonly Flag[]]

function says(cases: readonly Case[]): void {
  test.for(cases)('%s', ([sql, effects, flags]) => {
    const { facts } = shop.one(sql)
    expect({ effects: facts.effects, flags: flags === undefined ? undefined : [...facts.flags].sort() }).toEqual({
      effects,
      flags: flags === undefined ? undefined : [...flags].sort(),
    })
  })
}

describe('queries and changes of rows have the effect of what they do', () => {
  says([
    ['SELECT 1', ['read'], []],
    ['VALUES (1)', ['read'], []],
    ['TABLE orders', ['read'], ['unbounded_read']],
    ['SELECT * FROM orders', ['read'], ['unbounded_read']],
    ['SELECT * FROM orders LIMIT 1', ['read'], []],
    ['SELECT * FROM orders LIMIT ALL', ['read'], ['unbounded_read']],
    ['SELECT * FROM orders WHERE true', ['read'], ['unbounded_read']],
    ['SELECT * FROM orders o WHERE o.id = o.id OR false', ['read'], ['unbounded_read']],
    ['SELECT * FROM orders WHERE 1 = 1 AND id = 2', ['read'], []],
    ['SELECT * FROM (SELECT * FROM orders) o', ['read'], ['unbounded_read']],
    ['SELECT * FROM (SELECT * FROM orders) o WHERE o.id = 1', ['read'], []],
    ['SELECT * FROM (SELECT max(id) FROM orders) o', ['read'], []],
    ['WITH o AS (SELECT * FROM orders) SELECT * FROM o', ['read'], ['unbounded_read']],
    [
      'WITH RECURSIVE o AS (SELECT id FROM orders UNION SELECT id FROM o) SELECT * FROM o',
      ['read'],
      ['unbounded_read'],
    ],
    ['WITH o AS (SELECT * FROM orders LIMIT 1) SELECT * FROM o', ['read'], []],
    ['SELECT relname FROM pg_class', ['read'], []],
    ['SELECT count(*) FROM orders', ['read'], []],
    ['SELECT * FROM orders WHERE id = 1', ['read'], []],
    ['SELECT * FROM orders, staff WHERE orders.id = 1', ['read'], ['cartesian_join']],
    ['SELECT * FROM orders o, staff s WHERE o.id = s.id', ['read'], []],
    ['SELECT * FROM orders o, (SELECT * FROM staff) s WHERE o.id = 1', ['read'], ['cartesian_join']],
    ['SELECT * FROM orders o, (SELECT max(id) AS id FROM staff) s WHERE o.id = 1', ['read'], []],
    [
      "UPDATE orders o SET total = 0 FROM staff s WHERE s.name = 'x'",
      ['read', 'write'],
      ['always_true_where', 'cartesian_join'],
    ],
    ['UPDATE orders o SET total = 0 FROM staff s WHERE s.id = o.id', ['read', 'write'], []],
    ['DELETE FROM orders o USING staff s WHERE o.id = 1', ['read', 'write'], ['cartesian_join']],
    ['DELETE FROM orders o USING staff s WHERE o.id = s.id', ['read', 'write'], []],
    ['SELECT * FROM orders o JOIN staff s USING (id) WHERE id = 2', ['read'], []],
    ['SELECT * FROM orders WHERE id = 1 FOR UPDATE', ['read'], ['row_locks']],
    ["INSERT INTO audit_log VALUES (now(), 'x')", ['write'], []],
    ['INSERT INTO audit_log SELECT now(), name FROM staff', ['read', 'write'], []],
    ['INSERT INTO audit_log DEFAULT VALUES', ['write'], []],
    ['UPDATE orders SET total = 0 WHERE id = 1', ['write'], []],
    ['UPDATE orders SET total = 0', ['write'], ['no_where']],
    ['DELETE FROM order_items', ['write'], ['no_where']],
    ['DELETE FROM order_items WHERE true RETURNING *', ['read', 'write'], ['always_true_where', 'returning']],
    [
      'WITH gone AS (DELETE FROM order_items RETURNING *) SELECT * FROM gone',
      ['read', 'write'],
      ['data_modifying_cte', 'no_where', 'returning'],
    ],
    ['WITH gone AS (DELETE FROM order_items) SELECT 1', ['read', 'write'], ['data_modifying_cte', 'no_where']],
    ['MERGE INTO order_items i USING orders o ON i.order_id = o.id WHEN MATCHED THEN DELETE', ['read', 'write'], []],
    ['SELECT * INTO copy FROM orders WHERE id = 1', ['read', 'write', 'ddl'], []],
    ['CREATE TABLE copy AS SELECT * FROM orders WHERE id = 1', ['read', 'write', 'ddl'], []],
    ['TRUNCATE orders', ['write', 'ddl'], []],
    ['COPY orders TO STDOUT', ['read'], ['copy_to', 'unbounded_read']],
    ['COPY order_items FROM STDIN', ['write'], ['copy_from']],
    ['COPY (DELETE FROM order_items RETURNING *) TO STDOUT', ['read', 'write'], ['copy_to', 'no_where', 'returning']],
    ['EXPLAIN DELETE FROM order_items', ['read'], ['explain']],
    ['EXPLAIN ANALYZE DELETE FROM order_items', ['read', 'write'], ['explain', 'explain_analyze', 'no_where']],
    ['EXPLAIN (ANALYZE on) DELETE FROM order_items', ['read', 'write'], ['explain', 'explain_analyze', 'no_where']],
    ['EXPLAIN (ANALYZE false, VERBOSE) DELETE FROM order_items', ['read'], ['explain']],
    [
      'EXPLAIN (ANALYZE false, ANALYZE) DELETE FROM order_items',
      ['read', 'write'],
      ['explain', 'explain_analyze', 'no_where'],
    ],
    ['REFRESH MATERIALIZED VIEW totals', ['read', 'write']],
  ])
})

describe('what a statement leads to counts as what it does', () => {
  says([
    ['SELECT forget(1)', ['read', 'write']],
    ['SELECT * FROM staff WHERE id = (SELECT 1 FROM forget(2))', ['read', 'write']],
    ['SELECT twice(2)', ['read']],
    ['SELECT opaque()', ['read', 'unknown']],
    ['CALL opaque()', ['read', 'unknown']],
    ['CALL version()', ['read']],
    ["DO 'BEGIN END'", ['read']],
    ["DO $$ BEGIN DELETE FROM staff WHERE id = 1; PERFORM pg_notify('a', 'b'); END $$", ['read', 'write']],
    ["DO 'BEGIN END' LANGUAGE plperl", ['read', 'unknown']],
    ["SELECT 'a' ==== 'b'", ['read', 'unknown']],
    ['SELECT gather(name) FROM staff WHERE id = 1', ['read']],
    ['SELECT 3::checked', ['read']],
    ['UPDATE stamped SET id = 1 WHERE id = 2', ['write', 'unknown']],
    ['INSERT INTO stamped VALUES (1)', ['write']],
    ['INSERT INTO reading (id) VALUES (1)', ['write', 'external']],
    ["SELECT nextval('orders_id_seq')", ['read', 'write']],
    ["SELECT setval('orders_id_seq', 1)", ['read', 'write']],
    ["SELECT pg_notify('a', 'b')", ['read', 'write']],
    ['SELECT lo_unlink(1)', ['read', 'write']],
    ['SELECT pg_advisory_lock(1)', ['read', 'session']],
    ['SELECT pg_sleep(1)', ['read', 'session']],
    ["SELECT set_config('work_mem', '1MB', false)", ['read', 'session']],
    ['SELECT pg_terminate_backend(1)', ['read', 'privilege']],
    ["SELECT pg_read_file('/etc/passwd')", ['read', 'external']],
    ["SELECT * FROM pg_read_file('/etc/passwd')", ['read', 'external']],
    ["SELECT * FROM pg_ls_dir('/')", ['read', 'external']],
    ["SELECT lo_import('/etc/passwd')", ['read', 'external']],
    ["SELECT query_to_xml('SELECT 1', true, true, '')", ['read', 'unknown']],
    ["SELECT table_to_xml('customers', true, true, '')", ['read', 'unknown']],
    ["SELECT ts_stat('SELECT 1')", ['read', 'unknown']],
    ["SELECT ts_rewrite('a', 'SELECT 1')", ['read', 'unknown']],
    ['SELECT * FROM pg_stat_get_activity(NULL)', ['read', 'unknown']],
    ["SELECT * FROM pg_logical_slot_get_changes('s', NULL, NULL)", ['read', 'unknown']],
    ['SELECT no_such_function(1)', ['read', 'unknown']],
    ['SELECT lower(name) FROM staff WHERE id = 1', ['read']],
  ])
})

describe('definitions, rights and the world outside are told apart', () => {
  says([
    ['CREATE TABLE t (id int DEFAULT 1 CHECK (id > 0))', ['ddl']],
    ['CREATE VIEW v AS SELECT name FROM staff', ['read', 'ddl']],
    ['CREATE INDEX ON orders (total)', ['ddl']],
    ['CREATE UNIQUE INDEX CONCURRENTLY i ON staff (lower(name)) WHERE id > 1', ['ddl']],
    ["CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'", ['ddl']],
    ["CREATE FUNCTION f() RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 1'", ['ddl', 'privilege']],
    ['DROP TABLE orders', ['ddl']],
    ['DROP SCHEMA shadow CASCADE', ['ddl']],
    ['ALTER TABLE orders DROP COLUMN note', ['ddl']],
    ['ALTER TABLE orders OWNER TO postgres', ['ddl', 'privilege']],
    ['ALTER TABLE orders DISABLE ROW LEVEL SECURITY', ['ddl', 'privilege']],
    ['ALTER TABLE orders ALTER total TYPE text USING total::text', ['write', 'ddl']],
    ['ALTER TABLE events ATTACH PARTITION people DEFAULT', ['ddl']],
    ['CREATE POLICY p ON orders USING (total > 0)', ['ddl', 'privilege']],
    ['CREATE TRIGGER t BEFORE INSERT ON orders FOR EACH ROW EXECUTE FUNCTION stamp()', ['ddl']],
    ['CREATE RULE r AS ON INSERT TO staff DO INSTEAD DELETE FROM orders', ['write', 'ddl']],
    ["COMMENT ON TABLE orders IS 'x'", ['ddl']],
    ['VACUUM orders', ['ddl']],
    ['GRANT SELECT ON customers TO PUBLIC', ['privilege']],
    ['REVOKE ALL ON ALL TABLES IN SCHEMA public FROM PUBLIC', ['privilege']],
    ['GRANT pg_read_all_data TO postgres', ['privilege']],
    ['ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO PUBLIC', ['privilege']],
    ['CREATE ROLE r SUPERUSER', ['privilege']],
    ['ALTER ROLE postgres SET standard_conforming_strings = off', ['privilege']],
    ['REASSIGN OWNED BY a TO b', ['privilege']],
    ['DROP OWNED BY a', ['ddl', 'privilege']],
    ["SECURITY LABEL ON TABLE orders IS 'x'", ['privilege']],
    ["ALTER SYSTEM SET archive_command = 'rm'", ['privilege', 'external']],
    ["COPY orders TO PROGRAM 'curl x'", ['read', 'external']],
    ["COPY order_items FROM PROGRAM 'curl x'", ['write', 'external']],
    ["COPY orders TO '/tmp/x'", ['read', 'external']],
    ['CREATE EXTENSION dblink', ['ddl', 'external']],
    ["LOAD 'x'", ['external']],
    ["CREATE SUBSCRIPTION s CONNECTION 'host=x' PUBLICATION p", ['ddl', 'external']],
    ['CREATE SERVER s FOREIGN DATA WRAPPER f', ['ddl', 'external']],
    ["CREATE USER MAPPING FOR postgres SERVER s OPTIONS (password 'x')", ['ddl', 'external']],
    ['IMPORT FOREIGN SCHEMA a FROM SERVER s INTO public', ['ddl', 'external']],
    ["CREATE TABLESPACE t LOCATION '/x'", ['ddl', 'external']],
    ["PREPARE TRANSACTION 'x'", ['transaction', 'external']],
    ["COMMIT PREPARED 'x'", ['transaction', 'external']],
  ])
})

describe('the session and its transaction', () => {
  says([
    ['BEGIN', ['transaction']],
    ['START TRANSACTION READ ONLY', ['transaction']],
    ['COMMIT', ['transaction']],
    ['ROLLBACK TO SAVEPOINT a', ['transaction']],
    ['SET TRANSACTION ISOLATION LEVEL SERIALIZABLE', ['transaction']],
    ['SET CONSTRAINTS ALL DEFERRED', ['transaction']],
    ['SET work_mem = 1', ['session']],
    ['RESET ALL', ['session']],
    ['SET ROLE postgres', ['session']],
    ['DISCARD ALL', ['session']],
    ['LISTEN a', ['session']],
    ["NOTIFY a, 'b'", ['write']],
    ['SHOW work_mem', ['read']],
    ['LOCK TABLE orders IN ACCESS SHARE MODE', ['transaction']],
    ['LOCK TABLE orders', ['write']],
    ['DECLARE c CURSOR FOR SELECT * FROM orders WHERE id = 1', ['read', 'session']],
    ['PREPARE p AS DELETE FROM order_items WHERE position = 1', ['session', 'write']],
    ['EXECUTE p', ['read', 'unknown']],
    ['FETCH c', ['read', 'unknown']],
    ['CLOSE c', ['session']],
    ['DEALLOCATE ALL', ['session']],
  ])
})

test('settings, roles and what is reached outside are named', () => {
  expect(shop.one("SET LOCAL client_encoding = 'SJIS'").facts.settings).toEqual([
    { name: 'client_encoding', value: 'SJIS', scope: 'transaction' },
  ])
  expect(shop.one("SET NAMES 'SJIS'").facts.settings).toMatchObject([{ name: 'client_encoding' }])
  expect(shop.one("SELECT set_config('Standard_Conforming_Strings', 'off', true)").facts.settings).toEqual([
    { name: 'standard_conforming_strings', value: 'off', scope: 'transaction' },
  ])
  expect(shop.one("ALTER ROLE postgres SET search_path = 'a', b").facts).toMatchObject({
    roles: ['postgres'],
    settings: [{ name: 'search_path', value: 'a, b', scope: 'role' }],
  })
  expect(shop.one('SET SESSION AUTHORIZATION bob').facts).toMatchObject({
    roles: ['bob'],
    settings: [{ name: 'session_authorization', value: 'bob', scope: 'session' }],
  })
  expect(
    shop.one("CREATE FUNCTION f() RETURNS int LANGUAGE sql SET client_encoding = 'SJIS' AS 'SELECT 1'").facts.settings,
  ).toMatchObject([{ name: 'client_encoding' }])
  expect(shop.one("COPY orders TO PROGRAM 'curl -u bob:secret x'").facts.external).toEqual([
    { kind: 'program', detail: 'curl' },
  ])
  expect(
    shop.one('SELECT set_config(name, remark, false) FROM shadow.customers, staff').facts.unresolved,
  ).toMatchObject([{ code: 'function' }])
})

test('a statement that runs several says for each that there are more', () => {
  const [first, second] = shop.analyse('COMMIT; DROP TABLE orders')
  expect(first?.facts).toMatchObject({ tag: 'COMMIT', flags: ['multi_statement'] })
  expect(second?.facts).toMatchObject({ tag: 'DROP TABLE', flags: ['multi_statement'] })
  expect(second?.text.trim()).toBe('DROP TABLE orders')
})
