/**
 * Questions that a DO answers about a protected column without showing it: by failing, by a notice, by a row, by the time
 * it takes. `~` is one letter; the first of the canary is z.
 */
const asking = (body: string, declared = ''): string =>
  `DO $d$ DECLARE v text;${declared}BEGIN SELECT email INTO v FROM customers WHERE id = 1;${body};END $d$`

const stop = "RAISE EXCEPTION 'x'"

export const inlineOracles: readonly string[] = [
  asking(`IF left(v, 1) = '~' THEN ${stop};END IF`),
  asking(`IF v LIKE '~%' THEN ${stop};END IF`),
  asking(`IF v > '~' AND v < '~~' THEN ${stop};END IF`),
  asking(`IF false THEN NULL;ELSIF left(v, 1) = '~' THEN ${stop};END IF`),
  asking("PERFORM 1 / (ascii(v) - ascii('~'))"),
  asking("n := 1 / (ascii(v) - ascii('~'))", 'n int;'),
  asking(`n := 1 / (ascii(v) - ascii('~'));EXCEPTION WHEN division_by_zero THEN ${stop}`, 'n int;'),
  asking("CASE left(v, 1) WHEN '~' THEN NULL;END CASE"),
  asking("ASSERT left(v, 1) <> '~'"),
  asking(`WHILE left(v, 1) = '~' LOOP ${stop};END LOOP`),
  asking(`LOOP EXIT WHEN left(v, 1) <> '~';${stop};END LOOP`),
  asking(`FOR i IN 1..(1 - abs(sign(ascii(v) - ascii('~'))))::int LOOP ${stop};END LOOP`),
  asking(`b := left(v, 1) = '~';IF b THEN ${stop};END IF`, 'b boolean;'),
  asking(`PERFORM 1 FROM customers WHERE id = 1 AND email LIKE '~%';IF FOUND THEN ${stop};END IF`),
  asking("SELECT id INTO STRICT n FROM customers WHERE id = 1 AND email LIKE '~%'", 'n int;'),
  asking(`FOR r IN SELECT 1 FROM customers WHERE id = 1 AND email LIKE '~%' LOOP ${stop};END LOOP`, 'r record;'),
  asking(`SELECT * INTO r FROM customers WHERE id = 1;IF r.email LIKE '~%' THEN ${stop};END IF`, 'r record;'),
  asking(`SELECT * INTO r FROM customers WHERE id = 1;IF r::text LIKE '%,~%' THEN ${stop};END IF`, 'r customers;'),
  `${asking("IF left(v, 1) = '~' THEN UPDATE plain SET amount = 7 WHERE id = 1;END IF")}; SELECT amount FROM plain WHERE id = 1`,
  `${asking("UPDATE plain SET amount = ascii(v) - ascii('~') WHERE id = 1")}; SELECT amount FROM plain WHERE id = 1`,
  `${asking("UPDATE plain SET amount = CASE WHEN left(v, 1) = '~' THEN 1 ELSE 2 END WHERE id = 1")}; SELECT amount FROM plain WHERE id = 1`,
]

/** Only a notice, or only the time it takes, tells them apart. */
export const inlineLingering: readonly string[] = [
  asking("IF left(v, 1) = 'z' THEN RAISE NOTICE 'x';END IF"),
  asking("IF left(v, 1) = 'z' THEN PERFORM pg_sleep(5);END IF"),
  asking("IF left(v, 1) = 'z' THEN PERFORM pg_notify('heard', 'x');END IF"),
  asking('FOR i IN 1..ascii(v) * 100000 LOOP NULL;END LOOP'),
  asking("WHILE left(v, 1) = 'z' LOOP v := v;END LOOP"),
]

/** The value itself, in what is said, written or kept. */
export const inlineLeaks: readonly (readonly string[])[] = [
  [asking("RAISE NOTICE '%', v")],
  [asking("RAISE NOTICE '%', substr(v, 2)")],
  [asking("RAISE EXCEPTION 'x' USING DETAIL = v")],
  [asking("RAISE EXCEPTION '%', v;EXCEPTION WHEN others THEN RAISE NOTICE '%', SQLERRM")],
  [asking('n := v::int', 'n int;')],
  [asking('n := v::int;EXCEPTION WHEN others THEN INSERT INTO plain VALUES (901, SQLERRM)', 'n int;'), 'TABLE plain'],
  [asking('INSERT INTO plain VALUES (902, v)'), 'TABLE plain'],
  [asking("PERFORM set_config('application_name', v, false)"), 'SHOW application_name'],
  ['LISTEN heard', asking("PERFORM pg_notify('heard', v)")],
  [asking('PERFORM mail_of(1);RAISE WARNING $$%$$, mail_of(1)')],
  [asking('CREATE TEMP TABLE kept AS SELECT v AS x'), 'TABLE kept'],
  ['CREATE TEMP TABLE kept (x text)', asking('INSERT INTO kept VALUES (v)'), 'TABLE kept'],
  ['CREATE TEMP TABLE kept (x text)', 'DO $$ BEGIN INSERT INTO kept SELECT email FROM customers; END $$', 'TABLE kept'],
]
