-- While one of several alike waits for somebody, the others are not mailed to them one by one: once, that there are more.
ALTER TABLE email_message DROP CONSTRAINT email_message_kind_check;
ALTER TABLE email_message ADD CONSTRAINT email_message_kind_check CHECK (kind IN ('asked', 'reminded', 'more', 'settled'));
