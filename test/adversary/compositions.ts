/** What has an `id` and a `v`: tables, views, partitions, children, functions, catalogs and lists. */
const sources: readonly string[] = [
  '(SELECT id, email AS v FROM customers) s',
  '(SELECT id, remark AS v FROM ONLY plain) s',
  'reach s (id, v)',
  'reach_again s (v, id)',
  '(SELECT id, y AS v FROM hidden_behind, plain) s',
  'contact_sheet s (id, v)',
  '(SELECT id, email AS v FROM signups) s',
  '(SELECT id, email AS v FROM signups_2026) s',
  'people s (id, v)',
  'pupils s (id, v)',
  '(SELECT id, lookup AS v FROM generated) s',
  '(SELECT id, email::text AS v FROM members JOIN households USING (id)) s',
  'renamed() s (id, v)',
  '(SELECT 1 AS id, m AS v FROM mails() m) s',
  '(SELECT id, mail_of(id) AS v FROM plain) s',
  '(SELECT oid::int AS id, relname::text AS v FROM pg_class WHERE oid < 1300) s',
  '(SELECT ordinal_position::int AS id, column_name::text AS v FROM information_schema.columns) s',
  "(VALUES (1, 'a'), (2, 'b')) s (id, v)",
  '(SELECT g AS id, g::text AS v FROM generate_series(1, 3) g) s',
]

/** What can be asked of one. */
const queries: readonly ((source: string) => string)[] = [
  (s) => `SELECT * FROM ${s}`,
  (s) => `SELECT count(*), max(v) FROM ${s}`,
  (s) => `SELECT DISTINCT v FROM ${s} WHERE id = 1`,
  (s) => `SELECT v FROM ${s} ORDER BY v DESC LIMIT 3`,
  (s) => `SELECT id, string_agg(v, ',') FROM ${s} GROUP BY id HAVING count(*) > 0`,
  (s) => `SELECT id, rank() OVER (PARTITION BY id ORDER BY v) FROM ${s}`,
  (s) => `SELECT 1 FROM plain WHERE EXISTS (SELECT FROM ${s} WHERE s.id = plain.id)`,
  (s) => `SELECT * FROM households WHERE id IN (SELECT id FROM ${s})`,
  (s) => `SELECT id FROM ${s} UNION SELECT id FROM subscribers`,
  (s) => `SELECT id FROM plain EXCEPT ALL SELECT id FROM ${s}`,
  (s) => `WITH c AS MATERIALIZED (SELECT * FROM ${s}) SELECT a.v FROM c a JOIN c b ON a.id = b.id`,
  (s) => `WITH RECURSIVE c AS (SELECT id FROM ${s} UNION SELECT id + 1 FROM c WHERE id < 3) SELECT * FROM c`,
  (s) => `SELECT * FROM plain p, LATERAL (SELECT v FROM ${s} WHERE s.id = p.id) l`,
  (s) => `SELECT p.remark, s.v FROM plain p LEFT JOIN ${s} ON s.id = p.id`,
  (s) => `SELECT (SELECT v FROM ${s} ORDER BY id LIMIT 1) || 'x', ARRAY(SELECT id FROM ${s})`,
  (s) => `SELECT CASE WHEN id > 1 THEN upper(v) ELSE coalesce(v, '') END FROM ${s}`,
  (s) => `SELECT row_to_json(s), s.*::text FROM ${s}`,
  (s) => `EXPLAIN SELECT * FROM ${s}`,
  (s) => `EXPLAIN (ANALYZE, COSTS off) SELECT v FROM ${s}`,
  (s) => `DECLARE composed CURSOR FOR SELECT * FROM ${s}; FETCH ALL FROM composed`,
  (s) => `PREPARE composed AS SELECT * FROM ${s} WHERE id = $1; EXECUTE composed (1)`,
  (s) => `COPY (SELECT * FROM ${s}) TO STDOUT`,
]

/** What can be written with one. */
const writes: readonly ((source: string) => string)[] = [
  (s) => `INSERT INTO letters SELECT v, 'x' FROM ${s}`,
  (s) => `INSERT INTO plain (id, remark) SELECT id + 5000, v FROM ${s} WHERE id = 1 LIMIT 1 RETURNING id`,
  (s) => `INSERT INTO plain (id) SELECT 9 FROM ${s} LIMIT 1 ON CONFLICT (id) DO UPDATE SET remark = excluded.remark`,
  (s) => `UPDATE plain SET remark = s.v FROM ${s} WHERE s.id = plain.id`,
  (s) => `UPDATE households SET town = (SELECT max(v) FROM ${s}) RETURNING old.town, new.town`,
  (s) => `DELETE FROM letters WHERE ch IN (SELECT v FROM ${s})`,
  (s) => `DELETE FROM plain USING ${s} WHERE s.id = plain.id RETURNING plain.*, s.v`,
  (s) =>
    `MERGE INTO plain USING (SELECT DISTINCT ON (id) * FROM ${s} ORDER BY id) s ON s.id = plain.id WHEN MATCHED THEN UPDATE SET remark = v WHEN NOT MATCHED THEN INSERT (id) VALUES (s.id)`,
  (s) => `WITH gone AS (DELETE FROM letters RETURNING ch) SELECT gone.ch, s.v FROM gone, ${s}`,
  (s) => `WITH made AS (INSERT INTO letters SELECT v FROM ${s} RETURNING 1) SELECT count(*) FROM made`,
  (s) => `EXPLAIN (ANALYZE, COSTS off) INSERT INTO letters SELECT v FROM ${s}`,
  (s) => `SELECT * INTO composed FROM ${s}`,
  (s) => `CREATE TEMP TABLE composed AS SELECT * FROM ${s}`,
  (s) => `PREPARE composed AS DELETE FROM letters WHERE ch IN (SELECT v FROM ${s}); EXECUTE composed`,
]

/** Every way to ask and to write, with everything that there is. */
export const compositions: readonly string[] = sources.flatMap((source) =>
  [...queries, ...writes].map((compose) => compose(source)),
)
