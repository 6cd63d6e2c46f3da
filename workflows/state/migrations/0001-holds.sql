-- Everything that outlives a connection. Requests, events and outcomes are json, not jsonb: they are read whole, and
-- jsonb refuses some texts that a client may well send.

CREATE TABLE person (
  issuer        text NOT NULL,
  subject       text NOT NULL,
  name          text NOT NULL,
  email         text,
  kind          text NOT NULL CHECK (kind IN ('human', 'service', 'agent')),
  groups        text[] NOT NULL DEFAULT '{}',
  -- The person who answers for an agent or a service, where the directory knows one.
  owner_issuer  text,
  owner_subject text,
  active        boolean NOT NULL DEFAULT true,
  updated_at    timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (issuer, subject),
  CHECK ((owner_issuer IS NULL) = (owner_subject IS NULL))
);

CREATE TABLE service_token (
  id                 text PRIMARY KEY,
  -- SHA-256 of the secret half. The secret has 256 bits of chance, so a slow hash would protect nothing.
  hash               bytea NOT NULL CHECK (length(hash) = 32),
  name               text NOT NULL,
  kind               text NOT NULL CHECK (kind IN ('service', 'agent')),
  groups             text[] NOT NULL DEFAULT '{}',
  acts_for_issuer    text,
  acts_for_subject   text,
  created_at         timestamptz NOT NULL,
  expires_at         timestamptz NOT NULL,
  revoked_at         timestamptz,
  CHECK ((acts_for_issuer IS NULL) = (acts_for_subject IS NULL))
);

CREATE TABLE slack_link (
  team_id   text NOT NULL,
  user_id   text NOT NULL,
  issuer    text NOT NULL,
  subject   text NOT NULL,
  linked_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (team_id, user_id),
  FOREIGN KEY (issuer, subject) REFERENCES person
);

-- A Slack user on the way to signing in. Only the hash of what the link carries is kept.
CREATE TABLE slack_link_request (
  hash       bytea PRIMARY KEY CHECK (length(hash) = 32),
  team_id    text NOT NULL,
  user_id    text NOT NULL,
  expires_at timestamptz NOT NULL
);

CREATE TABLE hold (
  id               text PRIMARY KEY,
  status           text NOT NULL CHECK
    (status IN ('pending', 'approved', 'executed', 'rejected', 'expired', 'withdrawn', 'abandoned')),
  mode             text NOT NULL CHECK (mode IN ('wait', 'error', 'defer')),
  -- Who asks, including for whom: issuers and subjects only, as one text that can be compared.
  identity         text NOT NULL,
  digest           text NOT NULL,
  -- The session of a client that waits; empty otherwise, so that a retry finds the hold again.
  waiting_session  text NOT NULL,
  request          json NOT NULL,
  created_at       timestamptz NOT NULL,
  expires_at       timestamptz NOT NULL,
  decided_at       timestamptz,
  grant_expires_at timestamptz,
  taken_at         timestamptz,
  outcome          json,
  -- Nothing leaves approved or runs without a time until which it could.
  CHECK (status NOT IN ('approved', 'executed') OR grant_expires_at IS NOT NULL),
  CHECK (status = 'executed' OR (taken_at IS NULL AND outcome IS NULL))
);
CREATE UNIQUE INDEX hold_pending_once ON hold (identity, digest, mode, waiting_session) WHERE status = 'pending';
CREATE INDEX hold_usable ON hold (identity, digest) WHERE status = 'approved';
CREATE INDEX hold_open_until ON hold ((coalesce(grant_expires_at, expires_at))) WHERE status IN ('pending', 'approved');
CREATE INDEX hold_newest ON hold (created_at DESC, id);
CREATE INDEX hold_newest_by_status ON hold (status, created_at DESC, id);

CREATE TABLE vote (
  hold    text NOT NULL REFERENCES hold,
  issuer  text NOT NULL,
  subject text NOT NULL,
  name    text NOT NULL,
  -- As the directory had them when the vote was cast.
  groups  text[] NOT NULL,
  choice  text NOT NULL CHECK (choice IN ('approve', 'reject')),
  reason  text,
  via     text NOT NULL CHECK (via IN ('slack', 'console', 'command_line', 'email')),
  at      timestamptz NOT NULL,
  number  bigint GENERATED ALWAYS AS IDENTITY,
  PRIMARY KEY (hold, issuer, subject)
);

-- The ways a hold reaches people, as the workers last announced them.
CREATE TABLE delivery (
  name   text PRIMARY KEY,
  active boolean NOT NULL
);

-- One row for each change of a hold and each delivery, written with the change itself.
CREATE TABLE outbox (
  id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  hold            text NOT NULL REFERENCES hold,
  delivery        text NOT NULL REFERENCES delivery,
  reason          text NOT NULL CHECK (reason IN ('created', 'voted', 'settled', 'completed')),
  created_at      timestamptz NOT NULL,
  attempts        integer NOT NULL DEFAULT 0,
  next_attempt_at timestamptz NOT NULL,
  -- While it is being delivered: until when nobody else may.
  leased_until    timestamptz,
  sent_at         timestamptz,
  given_up_at     timestamptz
);
CREATE INDEX outbox_unsent ON outbox (next_attempt_at) WHERE sent_at IS NULL AND given_up_at IS NULL;
CREATE INDEX outbox_unsent_of_hold ON outbox (hold, delivery, id) WHERE sent_at IS NULL AND given_up_at IS NULL;

CREATE TABLE slack_message (
  hold    text NOT NULL REFERENCES hold,
  channel text NOT NULL,
  ts      text NOT NULL,
  PRIMARY KEY (hold, channel)
);

-- State changes on their way into the journal of a worker process.
CREATE TABLE trail_outbox (
  id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  event_id text NOT NULL UNIQUE,
  name     text NOT NULL,
  event    json NOT NULL,
  at       timestamptz NOT NULL
);

CREATE TABLE trail_record (
  journal  text NOT NULL,
  seq      bigint NOT NULL,
  line     text NOT NULL,
  hash     bytea NOT NULL,
  event_id text UNIQUE,
  at       timestamptz NOT NULL,
  PRIMARY KEY (journal, seq)
);

CREATE TABLE release (
  digest       text PRIMARY KEY,
  source       text NOT NULL,
  reviewed     boolean NOT NULL,
  commit       text,
  pull_request text,
  activated_at timestamptz NOT NULL
);
