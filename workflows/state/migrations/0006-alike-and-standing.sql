-- An approval that also counts for statements that differ from the approved one in constants only: so often, so long.
CREATE TABLE alike_approval (
  hold       text PRIMARY KEY REFERENCES hold,
  gathering  text NOT NULL,
  runs_max   integer NOT NULL CHECK (runs_max > 0),
  -- Given out so far. Each is a hold that names this one in approved_through.
  runs       integer NOT NULL DEFAULT 0 CHECK (runs BETWEEN 0 AND runs_max),
  expires_at timestamptz NOT NULL
);
CREATE INDEX alike_approval_usable ON alike_approval (gathering, expires_at) WHERE runs < runs_max;

-- Whether the voter meant it for those, too.
ALTER TABLE vote ADD COLUMN alike boolean NOT NULL DEFAULT false;
-- The reviewers' groups whose place the vote can fill; before there was this column, any of `groups`.
ALTER TABLE vote ADD COLUMN fills text[];
-- Whose right the voter used: their own, or that of somebody who is away. A right is used once a hold.
ALTER TABLE vote ADD COLUMN for_issuer text;
ALTER TABLE vote ADD COLUMN for_subject text;
ALTER TABLE vote ADD COLUMN for_name text;
CREATE UNIQUE INDEX vote_right_once ON vote (hold, coalesce(for_issuer, issuer), coalesce(for_subject, subject));

-- Who answers for whom while they are away.
CREATE TABLE delegation (
  id           text PRIMARY KEY,
  from_issuer  text NOT NULL,
  from_subject text NOT NULL,
  to_issuer    text NOT NULL,
  to_subject   text NOT NULL,
  starts_at    timestamptz NOT NULL,
  ends_at      timestamptz NOT NULL CHECK (ends_at > starts_at),
  created_at   timestamptz NOT NULL,
  revoked_at   timestamptz,
  FOREIGN KEY (from_issuer, from_subject) REFERENCES person,
  FOREIGN KEY (to_issuer, to_subject) REFERENCES person,
  CHECK ((from_issuer, from_subject) <> (to_issuer, to_subject))
);
CREATE INDEX delegation_to ON delegation (to_issuer, to_subject, ends_at) WHERE revoked_at IS NULL;
CREATE INDEX delegation_from ON delegation (from_issuer, from_subject, ends_at) WHERE revoked_at IS NULL;
