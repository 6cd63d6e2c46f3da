-- What Slack has sent already, for as long as it could be sent again: signatures of requests and ids of envelopes, as
-- hashes, so that any replica knows what another one has counted.
CREATE TABLE slack_request (
  hash       bytea PRIMARY KEY CHECK (length(hash) = 32),
  expires_at timestamptz NOT NULL
);
CREATE INDEX slack_request_expiry ON slack_request (expires_at);
