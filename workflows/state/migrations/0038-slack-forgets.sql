-- What was only of use while a card could be answered is forgotten some time after it could (bot/slack/cards/forget-old.ts).
ALTER TABLE slack_shown ADD COLUMN at timestamptz NOT NULL DEFAULT now();
CREATE INDEX slack_shown_at ON slack_shown (at);
CREATE INDEX slack_nudge_at ON slack_nudge (at);
-- Whose agent or service it is: what somebody's own asked for is theirs to see and nobody's own to answer.
CREATE INDEX person_owner ON person (owner_issuer, owner_subject) WHERE owner_issuer IS NOT NULL;
