-- What people could not be told, and why; the others are told that.
ALTER TABLE outbox ADD COLUMN failure text;
ALTER TABLE outbox DROP CONSTRAINT outbox_reason_check;
ALTER TABLE outbox ADD CONSTRAINT outbox_reason_check CHECK (reason IN
  ('created', 'reasoned', 'voted', 'reminded', 'escalated', 'settled', 'completed', 'glass_broken', 'reviewed',
   'review_overdue', 'told_elsewhere'));
CREATE INDEX outbox_given_up ON outbox (hold, delivery, id) WHERE given_up_at IS NOT NULL;
