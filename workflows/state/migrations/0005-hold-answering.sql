-- One hold for every door: retries of either kind share one, and only who waits on a connection has one of its own.
DROP INDEX hold_pending_once;
CREATE UNIQUE INDEX hold_pending_once ON hold (identity, digest, waiting_session) WHERE status = 'pending';

-- Why it is asked for, when that was said after the hold was made; what was said before is in the request.
ALTER TABLE hold ADD COLUMN reason text;

-- What makes a hold one of many like it, and the approval of another one under which it was let through.
ALTER TABLE hold ADD COLUMN gathering text;
ALTER TABLE hold ADD COLUMN approved_through text REFERENCES hold;
ALTER TABLE hold ADD COLUMN approved_run integer;
CREATE INDEX hold_gathered ON hold (gathering) WHERE status = 'pending' AND gathering IS NOT NULL;

-- When people are told again, and when others may answer too. The second of each pair: it has happened.
ALTER TABLE hold ADD COLUMN remind_at timestamptz;
ALTER TABLE hold ADD COLUMN reminded_at timestamptz;
ALTER TABLE hold ADD COLUMN escalate_at timestamptz;
ALTER TABLE hold ADD COLUMN escalated_at timestamptz;

ALTER TABLE outbox DROP CONSTRAINT outbox_reason_check;
ALTER TABLE outbox ADD CONSTRAINT outbox_reason_check CHECK (reason IN
  ('created', 'reasoned', 'voted', 'reminded', 'escalated', 'settled', 'completed', 'glass_broken', 'reviewed',
   'review_overdue'));
