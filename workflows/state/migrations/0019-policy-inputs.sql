-- What policies were shown, from the trail: each distinct input once, and how many decisions rested on it on each day.
-- Written by whoever ships a journal, in the statement that ships it, so that a record is counted exactly once. The
-- inputs are json, not jsonb: they are read whole, and jsonb refuses some texts that a client may well send.

CREATE TABLE policy_input (
  -- SHA-256 of its canonical JSON, hex.
  digest     text PRIMARY KEY,
  input      json NOT NULL,
  first_seen timestamptz NOT NULL
);

-- Without a reference: the record that holds the input may be in another journal, which is shipped later.
CREATE TABLE policy_input_day (
  input     text NOT NULL,
  day       date NOT NULL,
  -- The policy that decided.
  policy    text NOT NULL,
  outcome   text NOT NULL CHECK (outcome IN ('allow', 'hold', 'deny')),
  decisions bigint NOT NULL,
  PRIMARY KEY (input, day, policy, outcome)
);
