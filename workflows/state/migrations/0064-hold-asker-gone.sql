-- Why nobody is there any more for whom the statement would run, where that ended the hold: the account that asked, or
-- that of the person it was asked for, was deactivated; or every token of a service was revoked. Null: it did not.
ALTER TABLE hold ADD COLUMN asker_gone text CHECK (asker_gone IN ('deactivated', 'revoked'));
