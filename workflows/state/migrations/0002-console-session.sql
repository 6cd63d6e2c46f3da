-- Who is signed in to the console. Only the hash of the cookie's value is kept: the table signs nobody in.
CREATE TABLE console_session (
  id_hash    bytea PRIMARY KEY CHECK (octet_length(id_hash) = 32),
  issuer     text NOT NULL,
  subject    text NOT NULL,
  created_at timestamptz NOT NULL,
  seen_at    timestamptz NOT NULL,
  expires_at timestamptz NOT NULL
);

CREATE INDEX console_session_person ON console_session (issuer, subject, created_at DESC);
CREATE INDEX console_session_expiry ON console_session (expires_at);
