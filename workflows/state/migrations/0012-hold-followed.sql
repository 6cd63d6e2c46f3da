-- Whoever follows a hold hears, too, how far the run of its statement is.
CREATE FUNCTION deferred_run_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('holdpoint_hold_changed', NEW.hold);
  RETURN NULL;
END $$;

CREATE TRIGGER deferred_run_changed AFTER INSERT OR UPDATE ON deferred_run
  FOR EACH ROW EXECUTE FUNCTION deferred_run_changed();

-- Where to say that a hold was answered. The secret that signs it is sealed like a result.
CREATE TABLE hold_webhook (
  hold   text NOT NULL REFERENCES hold,
  url    text NOT NULL,
  key_id text NOT NULL,
  secret bytea NOT NULL,
  PRIMARY KEY (hold, url)
);
