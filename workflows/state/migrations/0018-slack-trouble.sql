-- Where Slack does not take cards, and since when; the row goes with the first card that it takes again.
CREATE TABLE slack_trouble (
  destination text PRIMARY KEY,
  -- Slack's own word, e.g. not_in_channel.
  reason      text NOT NULL,
  hint        text NOT NULL,
  -- The last hold whose card did not arrive.
  hold        text NOT NULL REFERENCES hold,
  since       timestamptz NOT NULL,
  last_at     timestamptz NOT NULL
);
