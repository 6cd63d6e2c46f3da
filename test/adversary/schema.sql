-- What makes names mean more than they say, beside the sample shop.
CREATE TYPE contact AS (email text, weight int);
CREATE DOMAIN mail AS text CHECK (VALUE <> 'never');
CREATE TABLE oddities (
  id int PRIMARY KEY,
  email jsonb, phone text[], card contact, salary numrange, birth_date daterange, address xml, iban mail, token bytea,
  secret tsvector
);
INSERT INTO oddities VALUES (1, '{"at": "zqkvxj@wpfhqyd.org", "list": ["vkwqzjh"]}', '{48295173,vkwqzjh}', ROW('zqkvxj', 3),
  '[91827.36,91827.36]', '[1987-10-23,1987-10-23]', '<a>jxqzvwy</a>', 'vkwqzjh', 'vkwqzjh', 'vkwqzjh:1');

CREATE TABLE signups (id int, day date, email text) PARTITION BY RANGE (day);
CREATE TABLE signups_2026 PARTITION OF signups FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
INSERT INTO signups VALUES (1, '2026-02-02', 'zqkvxj@wpfhqyd.org');
CREATE TABLE people (id int, email text);
CREATE TABLE pupils (school text) INHERITS (people);
INSERT INTO pupils VALUES (1, 'zqkvxj@wpfhqyd.org', 'north');

CREATE TABLE generated (
  id int PRIMARY KEY, email text,
  lookup text GENERATED ALWAYS AS (lower(email)) STORED, backwards text GENERATED ALWAYS AS (reverse(email)) VIRTUAL
);
CREATE TABLE subscribers (id int PRIMARY KEY, email text UNIQUE DEFERRABLE INITIALLY DEFERRED, active bool DEFAULT true);
CREATE TABLE households (id int PRIMARY KEY, town text);
CREATE TABLE members (
  id int PRIMARY KEY, email text,
  household int NOT NULL CHECK (household < 1000) REFERENCES households ON DELETE SET NULL ON UPDATE CASCADE
);
CREATE TABLE plain (id int PRIMARY KEY, remark text, amount numeric);
CREATE TABLE letters (ch text, remark text);
INSERT INTO letters SELECT chr(i), 'letter' FROM generate_series(33, 126) i;

CREATE VIEW reach AS SELECT id, email AS way, phone AS line FROM customers;
CREATE VIEW reach_again AS SELECT r.way || '/' || r.line AS both_ways, r.id FROM reach r;
CREATE VIEW hidden_behind AS WITH c AS (SELECT card AS x FROM customers) SELECT x AS y FROM c;
CREATE MATERIALIZED VIEW contact_sheet AS SELECT id, lower(email) AS way, 1 AS one FROM customers;
CREATE MATERIALIZED VIEW unique_sheet AS SELECT id, email AS way FROM subscribers WHERE active;
CREATE UNIQUE INDEX unique_sheet_way ON unique_sheet (way);
CREATE RECURSIVE VIEW chained (way, n) AS
  SELECT email, 1 FROM staff UNION ALL SELECT way, n + 1 FROM chained WHERE n < 2;
CREATE TABLE ruled (id int, remark text);
INSERT INTO ruled VALUES (1, 'x');
CREATE RULE answer_update AS ON UPDATE TO ruled DO INSTEAD SELECT email FROM customers;
CREATE RULE answer_insert AS ON INSERT TO ruled DO INSTEAD SELECT phone FROM customers;
CREATE TABLE ruled_mail (email text);
CREATE RULE answer_mail AS ON INSERT TO ruled_mail DO INSTEAD SELECT email AS q FROM customers;
CREATE TABLE ruled_kept (id int);
CREATE TABLE ruled_back (id int, remark text);
CREATE RULE give_back AS ON INSERT TO ruled_back DO INSTEAD
  INSERT INTO ruled_kept VALUES (new.id) RETURNING id, (SELECT email FROM customers WHERE id = 1);
CREATE TABLE ruled_kept_mail (email text);
CREATE TABLE ruled_alike (email text, note text);
CREATE RULE give_alike AS ON INSERT TO ruled_alike DO INSTEAD
  INSERT INTO ruled_kept_mail VALUES (new.email) RETURNING email, (SELECT email FROM customers WHERE id = 1);
CREATE TABLE ruled_echo (email text, note text);
CREATE RULE echo AS ON INSERT TO ruled_echo DO ALSO SELECT new.email AS q;
CREATE VIEW over_ruled AS SELECT * FROM ruled_back;

CREATE FUNCTION mail_of(int) RETURNS text LANGUAGE sql STABLE SECURITY DEFINER AS 'SELECT email FROM customers WHERE id = $1';
CREATE FUNCTION constant_mail(int) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT email FROM customers WHERE id = $1';
CREATE FUNCTION mails() RETURNS SETOF text LANGUAGE sql STABLE AS 'SELECT email FROM customers';
CREATE FUNCTION whole() RETURNS SETOF customers LANGUAGE sql STABLE AS 'SELECT * FROM customers';
CREATE FUNCTION renamed() RETURNS TABLE (a int, b text) LANGUAGE sql STABLE AS 'SELECT id, email FROM customers';
CREATE FUNCTION outward(OUT a int, OUT b text) LANGUAGE sql STABLE AS 'SELECT id, phone FROM customers LIMIT 1';
CREATE FUNCTION atomic_mail(who int) RETURNS text LANGUAGE sql STABLE
  BEGIN ATOMIC SELECT email FROM customers WHERE id = who; END;
CREATE FUNCTION opaque_mail(int) RETURNS text LANGUAGE plpgsql AS
  $$ DECLARE v text; BEGIN EXECUTE 'SELECT email FROM customers WHERE id = $1' INTO v USING $1; RETURN v; END $$;
CREATE FUNCTION of_row(customers) RETURNS text LANGUAGE sql STABLE AS 'SELECT $1.email';
CREATE FUNCTION touch_mail(int) RETURNS boolean LANGUAGE sql STABLE AS 'SELECT email::int = $1 FROM customers LIMIT 1';
CREATE FUNCTION in_default(a text DEFAULT mail_of(1)) RETURNS text LANGUAGE sql STABLE AS 'SELECT a';
CREATE FUNCTION opposite(text) RETURNS text LANGUAGE sql STABLE AS 'SELECT email FROM customers WHERE name = $1';
CREATE OPERATOR !? (RIGHTARG = text, FUNCTION = opposite);
CREATE AGGREGATE gather (text) (SFUNC = textcat, STYPE = text, INITCOND = '');
CREATE FUNCTION weigh(contact) RETURNS text LANGUAGE sql STABLE AS 'SELECT email FROM customers LIMIT 1';
CREATE CAST (contact AS text) WITH FUNCTION weigh(contact);
CREATE FUNCTION shout() RETURNS int LANGUAGE plpgsql AS
  $$ BEGIN RAISE NOTICE '%', (SELECT email FROM customers LIMIT 1); RETURN 1; END $$;
CREATE FUNCTION scream() RETURNS int LANGUAGE plpgsql AS
  $$ BEGIN RAISE EXCEPTION USING MESSAGE = (SELECT email FROM customers LIMIT 1), ERRCODE = 'ZQ001'; END $$;
CREATE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql AS
  $$ BEGIN RAISE NOTICE '%', (SELECT email FROM customers LIMIT 1); RETURN NEW; END $$;
CREATE TABLE stamped (id int, remark text);
CREATE TRIGGER stamp BEFORE INSERT OR UPDATE ON stamped FOR EACH ROW EXECUTE FUNCTION stamp();
CREATE FUNCTION forget(who int) RETURNS void LANGUAGE sql AS 'DELETE FROM payments WHERE id = who';
CREATE PROCEDURE forget_all() LANGUAGE sql AS 'DELETE FROM payments';
CREATE FUNCTION opaque_delete() RETURNS int LANGUAGE plpgsql AS
  $$ BEGIN EXECUTE 'DELETE FROM payments'; RETURN 1; END $$;
CREATE FUNCTION clear_delete() RETURNS int LANGUAGE plpgsql AS 'BEGIN DELETE FROM payments; RETURN 1; END';
CREATE FUNCTION deletes_as_operator(int, int) RETURNS boolean LANGUAGE sql AS
  'DELETE FROM payments RETURNING true';
CREATE OPERATOR ==== (LEFTARG = int, RIGHTARG = int, FUNCTION = deletes_as_operator);
CREATE TABLE calling (id int, body text DEFAULT opaque_delete()::text);
CREATE TABLE checked (id int CHECK (opaque_delete() > 0));
CREATE DOMAIN checking AS int CHECK (opaque_delete() > 0);
CREATE TYPE has_checking AS (a checking);
CREATE TABLE with_domain (id checking);
CREATE FUNCTION takes_checking(checking) RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE FUNCTION forget_everything() RETURNS int LANGUAGE sql AS 'DELETE FROM payments; SELECT 1';
CREATE VIEW deletes_when_read_twice AS SELECT forget_everything() AS gone;
CREATE TABLE secured (id int, owner text);
INSERT INTO secured VALUES (1, 'x');
ALTER TABLE secured ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY careful ON secured USING (opaque_delete() > 0);
CREATE VIEW deletes_when_read AS SELECT forget(1)::text AS gone, id FROM orders;
CREATE TABLE ruled_delete (id int);
CREATE RULE also_delete AS ON INSERT TO ruled_delete DO ALSO DELETE FROM payments;
CREATE TABLE set_off (id int);
CREATE FUNCTION set_off() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN DELETE FROM payments; RETURN NULL; END';
CREATE TRIGGER set_off AFTER UPDATE OR DELETE OR TRUNCATE ON set_off EXECUTE FUNCTION set_off();
CREATE SCHEMA shadow;
CREATE TABLE shadow.plain (id int, remark text);
CREATE FUNCTION shadow.lower(text) RETURNS text LANGUAGE sql STABLE AS 'SELECT email FROM public.customers LIMIT 1';
CREATE OPERATOR shadow.+ (LEFTARG = int, RIGHTARG = int, FUNCTION = deletes_as_operator);
CREATE TABLE "Odd ""Name" ("Email" text, "e-mail" text);
INSERT INTO "Odd ""Name" VALUES ('zqkvxj@wpfhqyd.org', 'nothing');
CREATE TABLE "Umlaut täble" ("schlüßel" int, email text);
INSERT INTO "Umlaut täble" VALUES (1, 'zqkvxj@wpfhqyd.org');
