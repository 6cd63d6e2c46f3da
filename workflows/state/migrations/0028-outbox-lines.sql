-- What waits for one delivery, oldest first: whoever delivers takes the next, whichever job told them.
CREATE INDEX outbox_line ON outbox (delivery, id) WHERE sent_at IS NULL AND given_up_at IS NULL;
CREATE INDEX outbox_sent_at ON outbox (delivery, sent_at) WHERE sent_at IS NOT NULL;
-- What was given up, to be tried again after a while.
CREATE INDEX outbox_given_up_at ON outbox (delivery, given_up_at) WHERE given_up_at IS NOT NULL;
-- Every round asks which were sent long ago.
CREATE INDEX outbox_sent_long_ago ON outbox (sent_at) WHERE sent_at IS NOT NULL;

-- Every round asks what is due soon.
CREATE INDEX hold_remind_at ON hold (remind_at) WHERE status IN ('pending', 'approved') AND reminded_at IS NULL;
CREATE INDEX hold_escalate_at ON hold (escalate_at) WHERE status IN ('pending', 'approved') AND escalated_at IS NULL;
