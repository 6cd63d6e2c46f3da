-- What a deferred statement needs to run later, and what came of it. Statement and result are sealed with a key that
-- this database does not have, each bound to its hold.
CREATE TABLE deferred_run (
  hold          text PRIMARY KEY REFERENCES hold,
  state         text NOT NULL CHECK (state IN ('waiting', 'started', 'ended', 'not_run')),
  -- With which key; null once there is nothing sealed any more.
  key_id        text,
  statement     bytea,
  -- Why it was not run, or nobody knows: a sentence without values.
  why           text,
  created_at    timestamptz NOT NULL,
  started_at    timestamptz,
  ended_at      timestamptz,
  result        bytea,
  kept_until    timestamptz,
  fetched_at    timestamptz
);
CREATE INDEX deferred_run_open ON deferred_run (created_at) WHERE state IN ('waiting', 'started');
CREATE INDEX deferred_run_kept ON deferred_run (kept_until) WHERE result IS NOT NULL;
