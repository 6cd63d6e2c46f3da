const VIEW = 'CREATE TEMP VIEW t AS SELECT id, email AS x, name AS y FROM customers'

/** Behind each, `t` is read in every way, in the same message and in the next ones. */
export const attacks: readonly (readonly string[])[] = [
  [VIEW],
  ['CREATE VIEW pg_temp.t AS SELECT phone AS x, card AS y FROM customers'],
  ['CREATE TEMP VIEW t (y, x) AS SELECT name, email FROM customers'],
  ['CREATE TEMP VIEW t (y) AS SELECT email, name AS x FROM customers'],
  ['CREATE TEMP VIEW t AS SELECT c.* FROM customers c', 'SELECT email, phone FROM t'],
  ['CREATE TEMP VIEW t AS SELECT * FROM (VALUES (1)) v (y), LATERAL (SELECT email AS x FROM customers) l'],
  ['CREATE TEMP VIEW t AS SELECT both_ways AS x, id AS y FROM reach_again'],
  ['CREATE TEMP VIEW t AS SELECT mail_of(1) AS x, constant_mail(1) AS y'],
  ['CREATE TEMP VIEW t AS SELECT (c).email AS x, c AS y FROM customers c'],
  [
    'CREATE TEMP TABLE customers2 AS SELECT 1 AS n',
    'CREATE TEMP VIEW t AS SELECT email AS x, 1 AS y FROM customers',
    'ALTER TABLE customers2 RENAME TO customers',
  ],
  [
    'CREATE TEMP VIEW t AS SELECT email AS x, name AS y FROM customers',
    'CREATE TEMP TABLE customers (email int, name int)',
  ],
  [
    'CREATE TEMP VIEW t AS SELECT email AS x, name AS y FROM customers',
    'CREATE TEMP VIEW customers AS SELECT 1 AS email, 2 AS name',
  ],
  [
    'CREATE TEMP VIEW t AS SELECT remark AS x, id AS y FROM plain',
    'CREATE OR REPLACE TEMP VIEW t AS SELECT email AS x, id AS y FROM customers',
  ],
  ['CREATE TEMP TABLE t AS SELECT 1 AS x, 2 AS y', 'DROP TABLE t', VIEW],
  [VIEW, 'DROP VIEW t', 'CREATE TEMP TABLE t AS SELECT email AS x, phone AS y FROM customers'],
  [
    VIEW,
    'DROP VIEW t',
    'CREATE TEMP VIEW t AS SELECT 1 AS x, 2 AS y',
    'DROP VIEW t',
    'CREATE TEMP VIEW t AS SELECT phone AS x, card AS y FROM customers',
  ],
  [
    'CREATE TEMP TABLE s AS SELECT 1 AS x, 2 AS y',
    'CREATE TEMP VIEW t AS TABLE s',
    'DROP TABLE s CASCADE',
    'CREATE TEMP TABLE t AS SELECT email AS x, phone AS y FROM customers',
  ],
  [
    'CREATE TEMP TABLE s (x text, y text)',
    'CREATE TEMP VIEW t AS TABLE s',
    'INSERT INTO t SELECT email, phone FROM customers',
    'SELECT x FROM s',
  ],
  [
    'CREATE TEMP TABLE s (x text, y text)',
    'CREATE TEMP VIEW t AS TABLE s',
    'CREATE TEMP VIEW w AS TABLE t',
    'INSERT INTO w SELECT email, phone FROM customers',
    'TABLE s',
    'UPDATE t SET y = x',
  ],
  [
    'CREATE TEMP TABLE s (x text, y text)',
    'CREATE TEMP VIEW t AS TABLE s',
    'CREATE RULE r AS ON INSERT TO t DO INSTEAD SELECT email FROM customers',
    "INSERT INTO t VALUES ('a', 'b')",
  ],
  [
    'CREATE TEMP TABLE s (x text, y text)',
    'CREATE VIEW t AS TABLE s',
    'INSERT INTO s SELECT email, phone FROM customers',
  ],
  [
    'CREATE TEMP TABLE plain AS SELECT 1 AS id, email AS remark FROM customers',
    'CREATE TEMP VIEW t AS SELECT first_remark() AS x, 1 AS y',
  ],
  [
    'CREATE TEMP VIEW t AS SELECT first_remark() AS x, 1 AS y',
    'CREATE TEMP TABLE plain AS SELECT 1 AS id, email AS remark FROM customers',
  ],
  [
    'SET search_path = shadow, public',
    'CREATE TEMP VIEW t AS SELECT lower(remark) AS x, 1 AS y FROM public.plain',
    'SET search_path = public',
  ],
  ["SELECT set_config('search_path', 'pg_temp, public', false)", VIEW, 'SELECT x FROM pg_temp.t'],
  ['CREATE TEMP VIEW t AS SELECT most_common_vals::text AS x, 1 AS y FROM pg_stats'],
  ['CREATE TEMP VIEW t AS SELECT 1 AS x, 2 AS y', 'ALTER VIEW t RENAME TO u', VIEW, 'TABLE u'],
  ['CREATE TEMP VIEW t AS SELECT NULL::customers AS x, 1 AS y', 'SELECT (x).email FROM t'],
]
