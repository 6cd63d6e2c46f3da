-- The holds of one asker, newest first: what the HTTP API and MCP list.
CREATE INDEX hold_of_asker ON hold (identity, created_at DESC, id);
