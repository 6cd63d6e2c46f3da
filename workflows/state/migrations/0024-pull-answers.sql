-- What each open pull request was answered: from which commits, and with what. One comment and one check each.
CREATE TABLE pull_answer (
  number      integer PRIMARY KEY,
  -- The head, the branch and the release in force that it was answered for.
  head        text NOT NULL,
  branch_head text NOT NULL,
  release     text,
  -- Of the policy that its head compiles to; null: it does not.
  digest      text,
  conclusion  text NOT NULL CHECK (conclusion IN ('success', 'failure')),
  answer      json NOT NULL,
  comment     bigint,
  answered_at timestamptz NOT NULL
);
