-- Why the followed branch cannot be looked at, since when, and whether people were told; null: it can.
ALTER TABLE followed_branch ADD COLUMN failure json;
