-- What was proposed as an exception to the policy, once for one asker, target and shape while it would be in force.
CREATE TABLE proposed_exception (
  -- As in hold.
  identity    text NOT NULL,
  target      text NOT NULL,
  fingerprint text NOT NULL,
  hold        text NOT NULL REFERENCES hold,
  at          timestamptz NOT NULL,
  until       timestamptz NOT NULL,
  -- Of the pull request; NULL: it is being made, or whoever made it ended in between.
  url         text,
  PRIMARY KEY (identity, target, fingerprint)
);
