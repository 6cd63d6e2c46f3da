-- Policies that came from reviewed pull requests. What 0001 foresaw for them was never written to.
DROP TABLE release;

CREATE TABLE release (
  commit          text PRIMARY KEY,
  -- GitHub's number of the repository, and what it was called then.
  repository      bigint NOT NULL,
  repository_name text NOT NULL,
  branch          text NOT NULL,
  -- Of the policies in the repository.
  folder          text NOT NULL,
  digest          text NOT NULL,
  -- The compiled policy (policies/packed.ts): with it a start needs nobody but this database.
  package         bytea NOT NULL,
  -- The release that it followed; null: the first.
  follows         text REFERENCES release,
  pulls           json NOT NULL,
  changes         json NOT NULL,
  -- Path → git's name of the content, of everything in the folder of the policies.
  files           json NOT NULL,
  -- Over the list of the answers' hashes.
  evidence        text NOT NULL,
  verified_at     timestamptz NOT NULL,
  number          bigint GENERATED ALWAYS AS IDENTITY UNIQUE
);

-- What GitHub answered, word by word, while the release was verified.
CREATE TABLE release_evidence (
  release text NOT NULL REFERENCES release,
  number  integer NOT NULL,
  request text NOT NULL,
  sha256  text NOT NULL,
  body    text NOT NULL,
  PRIMARY KEY (release, number)
);

-- The branch that is followed, and which release is in force. One row.
CREATE TABLE followed_branch (
  only_one     boolean PRIMARY KEY DEFAULT true CHECK (only_one),
  repository   bigint,
  etag         text,
  -- The last commit that was looked at, and what was wrong with it.
  head         text,
  problem      json,
  checked_at   timestamptz,
  -- Who follows: nobody else until then.
  follower     text,
  leased_until timestamptz,
  verified     text REFERENCES release,
  pinned       text REFERENCES release,
  pinned_until timestamptz,
  CHECK ((pinned IS NULL) = (pinned_until IS NULL))
);
INSERT INTO followed_branch DEFAULT VALUES;

CREATE FUNCTION release_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('holdpoint_release', '');
  RETURN NULL;
END $$;
CREATE TRIGGER release_changed AFTER UPDATE OF verified, pinned ON followed_branch
  FOR EACH ROW EXECUTE FUNCTION release_changed();

-- What people are told of releases, written with the change itself.
CREATE TABLE release_notice (
  id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  notice          json NOT NULL,
  created_at      timestamptz NOT NULL,
  attempts        integer NOT NULL DEFAULT 0,
  next_attempt_at timestamptz NOT NULL,
  sent_at         timestamptz,
  given_up_at     timestamptz
);
CREATE INDEX release_notice_unsent ON release_notice (id) WHERE sent_at IS NULL AND given_up_at IS NULL;
