-- In Slack, holds of one asker that differ in constants only share a card: that of the first of them, the lead, whose
-- row names itself.
CREATE TABLE slack_gathered (
  hold         text PRIMARY KEY REFERENCES hold,
  lead         text NOT NULL REFERENCES hold,
  gathering    text NOT NULL,
  -- Of the lead's row: until then one process brings the card up to date, and no other.
  leased_until timestamptz
);
CREATE INDEX slack_gathered_lead ON slack_gathered (lead);
CREATE INDEX slack_gathered_key ON slack_gathered (gathering);

-- What a card showed whole beside its buttons: an answer to all of them is an answer to these, whatever came since.
CREATE TABLE slack_shown (
  id    text PRIMARY KEY,
  holds text[] NOT NULL
);

-- An approval of many that somebody has ended early. Given out no more, and what it had let through and did not run yet
-- was taken back with it.
ALTER TABLE alike_approval ADD COLUMN undone_at timestamptz;
ALTER TABLE alike_approval ADD COLUMN undone_issuer text;
ALTER TABLE alike_approval ADD COLUMN undone_subject text;
ALTER TABLE alike_approval ADD COLUMN undone_name text;
CREATE INDEX hold_through ON hold (approved_through) WHERE approved_through IS NOT NULL;

-- A card that is replaced tells nobody. What has to be noticed is said in its thread as well, once for each notice.
CREATE TABLE slack_nudge (
  -- The same for every attempt at one notice.
  notice      text NOT NULL,
  destination text NOT NULL,
  hold        text NOT NULL REFERENCES hold,
  -- Whose card it was said under.
  channel     text NOT NULL,
  ts          text NOT NULL,
  reason      text NOT NULL,
  at          timestamptz NOT NULL,
  PRIMARY KEY (notice, destination)
);
CREATE INDEX slack_nudge_place ON slack_nudge (channel, ts, reason, at);
