-- Held statements that their asker ran at once, with a reason. Somebody has to look at each afterwards.
CREATE TABLE broken_glass (
  hold             text PRIMARY KEY REFERENCES hold,
  reason           text NOT NULL,
  via              text NOT NULL,
  at               timestamptz NOT NULL,
  review_due_at    timestamptz NOT NULL,
  -- When people were last told that the review is overdue.
  overdue_told_at  timestamptz,
  verdict          text CHECK (verdict IN ('reviewed', 'disputed')),
  reviewer_issuer  text,
  reviewer_subject text,
  reviewer_name    text,
  review_reason    text,
  review_via       text,
  reviewed_at      timestamptz,
  CHECK ((verdict IS NULL) = (reviewed_at IS NULL) AND (verdict IS NULL) = (reviewer_subject IS NULL))
);
CREATE INDEX broken_glass_unreviewed ON broken_glass (review_due_at) WHERE verdict IS NULL;

-- Open pages hear of it as of a vote.
CREATE TRIGGER glass_changed AFTER INSERT OR UPDATE ON broken_glass FOR EACH ROW EXECUTE FUNCTION vote_cast();
