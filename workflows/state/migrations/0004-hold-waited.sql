-- When a process last said that it waits for a hold, by this database's clock. Beside the hold, not in it: it changes
-- every few seconds, which is news to no open page, and it must wait for no vote that has the hold locked. Holds from
-- before have no row and end at their expiry.
CREATE TABLE hold_waited (
  hold      text PRIMARY KEY REFERENCES hold,
  waited_at timestamptz NOT NULL DEFAULT clock_timestamp()
) WITH (fillfactor = 50);
