-- Who was shown the example rows of a hold lately, and as what: a page that is loaded again is no other look. A row is of
-- no use any more after some minutes.
CREATE TABLE example_look (
  -- SHA-256 of who looked, as what they are and by which door, and of what they were shown.
  look bytea PRIMARY KEY CHECK (length(look) = 32),
  at   timestamptz NOT NULL
);
CREATE INDEX example_look_at ON example_look (at);
