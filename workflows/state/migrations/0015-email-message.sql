-- Which mails of a hold went to whom: by person, whose address is read when one is sent. Refused: the receiving server
-- does not want it, now or later.
CREATE TABLE email_message (
  hold       text NOT NULL REFERENCES hold,
  kind       text NOT NULL CHECK (kind IN ('asked', 'reminded', 'settled')),
  issuer     text NOT NULL,
  subject    text NOT NULL,
  sent_at    timestamptz,
  refused_at timestamptz,
  PRIMARY KEY (hold, kind, issuer, subject),
  CHECK ((sent_at IS NULL) <> (refused_at IS NULL))
);
