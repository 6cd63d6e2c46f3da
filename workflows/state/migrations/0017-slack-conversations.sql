-- A hold has a card in every place where people are told of it: a channel as it is configured, or a person.
ALTER TABLE slack_message ADD COLUMN destination text;
UPDATE slack_message SET destination = channel;
ALTER TABLE slack_message ALTER COLUMN destination SET NOT NULL;
ALTER TABLE slack_message DROP CONSTRAINT slack_message_pkey;
ALTER TABLE slack_message ADD PRIMARY KEY (hold, destination);
CREATE INDEX slack_message_place ON slack_message (channel, ts);

-- Who wants the cards they may answer as messages to themselves.
ALTER TABLE slack_link ADD COLUMN private_messages boolean NOT NULL DEFAULT false;
CREATE INDEX slack_link_person ON slack_link (issuer, subject);

-- Questions that were put to an asker away from the card; what is said in these threads belongs to the hold, too.
CREATE TABLE slack_thread (
  channel text NOT NULL,
  ts      text NOT NULL,
  hold    text NOT NULL REFERENCES hold,
  PRIMARY KEY (channel, ts)
);

-- What people said about a hold. The id is where it was said, so that what is heard twice is written once.
CREATE TABLE hold_comment (
  id      text PRIMARY KEY,
  hold    text NOT NULL REFERENCES hold,
  -- NULL: somebody who is not known here.
  issuer  text,
  subject text,
  name    text NOT NULL,
  text    text NOT NULL,
  via     text NOT NULL,
  at      timestamptz NOT NULL,
  number  bigint GENERATED ALWAYS AS IDENTITY,
  CHECK ((issuer IS NULL) = (subject IS NULL))
);
CREATE INDEX hold_comment_of_hold ON hold_comment (hold, number);
CREATE TRIGGER hold_commented AFTER INSERT ON hold_comment FOR EACH ROW EXECUTE FUNCTION vote_cast();

-- Which reasons there are is for the type that writes them to say; a list here would be a second one.
ALTER TABLE outbox DROP CONSTRAINT outbox_reason_check;
ALTER TABLE outbox ADD CONSTRAINT outbox_reason_check CHECK (reason ~ '^[a-z_]{1,40}$');
