-- The copy of the trail is kept as it comes: what was shipped in one go is one row, the very lines of the journal. A row
-- for each record cost the server, and whoever ships, more than the records were worth. What was shipped before stays
-- where it is; trail_record shows both, a row for each record, to whoever looks in with SQL.

ALTER TABLE trail_record RENAME TO trail_row;

CREATE TABLE trail_batch (
  journal   text NOT NULL,
  first_seq bigint NOT NULL,
  last_seq  bigint NOT NULL,
  -- Of the last record: each of the others is vouched for by the one behind it.
  last_hash bytea NOT NULL,
  first_at  timestamptz NOT NULL,
  last_at   timestamptz NOT NULL,
  lines     text NOT NULL,
  PRIMARY KEY (journal, first_seq)
);

-- Much quicker than what is the default before PostgreSQL 19; not every server was built with it.
DO $$
BEGIN
  IF EXISTS (SELECT FROM pg_settings WHERE name = 'default_toast_compression' AND 'lz4' = ANY (enumvals)) THEN
    ALTER TABLE trail_batch ALTER COLUMN lines SET COMPRESSION lz4;
  END IF;
END $$;

-- The state database's own events, by the id that they have there, and the first record that holds each.
CREATE TABLE trail_origin (
  event_id text PRIMARY KEY,
  journal  text NOT NULL,
  seq      bigint NOT NULL
);

INSERT INTO trail_origin (event_id, journal, seq)
SELECT event_id, journal, seq FROM trail_row WHERE event_id IS NOT NULL;

CREATE VIEW trail_record AS
SELECT journal, seq, at, line FROM trail_row
UNION ALL
SELECT b.journal, b.first_seq + l.n - 1, substr(l.line, 8, 24)::timestamptz, l.line
FROM trail_batch AS b CROSS JOIN LATERAL unnest(string_to_array(b.lines, E'\n')) WITH ORDINALITY AS l (line, n);
