-- The hold that was approved before and did not count any more, so that the former one finds the one that took its place;
-- and that people are told so by mail.
ALTER TABLE hold ADD COLUMN anew_of text;
CREATE INDEX hold_anew_of ON hold (anew_of, created_at) WHERE anew_of IS NOT NULL;

ALTER TABLE email_message DROP CONSTRAINT email_message_kind_check;
ALTER TABLE email_message ADD CONSTRAINT email_message_kind_check
  CHECK (kind IN ('asked', 'reminded', 'more', 'settled', 'anew'));
