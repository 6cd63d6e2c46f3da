-- What a service token is for, see policies/scopes.ts. Empty: all that its bearer may do, as before.
ALTER TABLE service_token ADD COLUMN scopes text[] NOT NULL DEFAULT '{}';
