-- Since when somebody is known here, and in each of their groups. Of whom was here before, that is not known: null.
ALTER TABLE person ADD COLUMN first_seen_at timestamptz;
ALTER TABLE person ALTER COLUMN first_seen_at SET DEFAULT now();

CREATE TABLE person_group (
  issuer  text NOT NULL,
  subject text NOT NULL,
  name    text NOT NULL,
  since   timestamptz,
  PRIMARY KEY (issuer, subject, name),
  FOREIGN KEY (issuer, subject) REFERENCES person ON DELETE CASCADE
);
INSERT INTO person_group (issuer, subject, name) SELECT DISTINCT issuer, subject, unnest(groups) FROM person;

-- Whoever writes groups, from a sign-in or a directory, moves this with them; who leaves and comes back is there anew.
CREATE FUNCTION person_groups_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  DELETE FROM person_group
   WHERE issuer = NEW.issuer AND subject = NEW.subject AND name <> ALL (NEW.groups);
  INSERT INTO person_group (issuer, subject, name, since)
    SELECT DISTINCT NEW.issuer, NEW.subject, name, now() FROM unnest(NEW.groups) AS name
    ON CONFLICT DO NOTHING;
  RETURN NULL;
END $$;
CREATE TRIGGER person_groups_changed AFTER INSERT OR UPDATE OF groups ON person
  FOR EACH ROW EXECUTE FUNCTION person_groups_changed();
