-- How approvals were counted for a release: null for those verified before it was kept.
ALTER TABLE release ADD COLUMN rules json;
