-- Open pages hear of every change of a hold, whoever made it: of its row and of its votes. The payload is the hold's
-- id, a hint; whoever hears it reads the row.
CREATE FUNCTION hold_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('holdpoint_hold_changed', NEW.id);
  RETURN NULL;
END $$;

CREATE FUNCTION vote_cast() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('holdpoint_hold_changed', NEW.hold);
  RETURN NULL;
END $$;

CREATE TRIGGER hold_changed AFTER INSERT OR UPDATE ON hold FOR EACH ROW EXECUTE FUNCTION hold_changed();
CREATE TRIGGER vote_cast AFTER INSERT ON vote FOR EACH ROW EXECUTE FUNCTION vote_cast();
