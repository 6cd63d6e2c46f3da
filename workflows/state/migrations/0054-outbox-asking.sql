-- Where somebody is still to be asked, which is delivered before everything else.
CREATE INDEX outbox_asking ON outbox (delivery, id)
  WHERE sent_at IS NULL AND given_up_at IS NULL
    AND reason IN ('created', 'reasoned', 'reminded', 'escalated', 'told_elsewhere', 'glass_broken', 'review_overdue');
