-- A few rows that a held statement reaches, for its reviewers: sealed with a key that this database does not have, bound
-- to their hold, and gone with it. What an example shows is decided each time that somebody looks.
CREATE TABLE hold_example (
  hold       text PRIMARY KEY REFERENCES hold ON DELETE CASCADE,
  -- With which key.
  key_id     text NOT NULL,
  sealed     bytea NOT NULL,
  kept_until timestamptz NOT NULL
);
CREATE INDEX hold_example_kept ON hold_example (kept_until);

-- Until now they stood in the request, as everybody was shown them. A text keeps its place, not its NULs: jsonb has none.
UPDATE hold SET request =
  jsonb_set(replace(request::text, '\u0000', '\ufffd')::jsonb, '{consequences,examples}', 'null')::json
WHERE request::text ~ '"examples":\s*\{';
