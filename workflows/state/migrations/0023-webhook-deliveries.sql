-- GitHub's own numbers of what it sent, so that nothing is heard twice.
CREATE TABLE webhook_delivery (
  id text PRIMARY KEY,
  at timestamptz NOT NULL
);
CREATE INDEX webhook_delivery_at ON webhook_delivery (at);
