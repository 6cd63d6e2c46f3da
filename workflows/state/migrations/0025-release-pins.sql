-- An earlier verified release put back in force for a time: asked for by one administrator, confirmed by another.
CREATE TABLE release_pin (
  id           text PRIMARY KEY,
  release      text NOT NULL REFERENCES release,
  reason       text NOT NULL,
  pinned_ms    bigint NOT NULL,
  requested_by json NOT NULL,
  requested_at timestamptz NOT NULL,
  -- Nobody can confirm it later.
  expires_at   timestamptz NOT NULL,
  confirmed_by json,
  confirmed_at timestamptz,
  ended_by     json,
  ended_at     timestamptz
);
