/**
 * Questions that a function in PL/pgSQL answers about a protected column without showing it: by failing, by NULL, by a
 * row, by a size. `~` is one letter; the first of the canary is z. The function is there already; whoever asks only
 * chooses the arguments.
 */
interface Procedural {
  readonly head: string
  readonly body: string
  readonly asks: readonly string[]
}

const first = 'SELECT email INTO v FROM customers WHERE id = 1'
const given = (returns: string, body: string, ...asks: readonly string[]): Procedural => ({
  head: `(v text, guess text) RETURNS ${returns}`,
  body,
  asks: asks.length > 0 ? asks : ["SELECT fn(email, '~') FROM customers", "SELECT * FROM customers, fn(email, '~')"],
})
const own = (returns: string, body: string, declared = 'v text'): Procedural => ({
  head: `(guess text) RETURNS ${returns}`,
  body: `DECLARE ${declared}; ${body}`,
  asks: ["SELECT fn('~')", "SELECT * FROM fn('~')"],
})

export const procedural: readonly Procedural[] = [
  given('int', "BEGIN IF v LIKE guess || '%' THEN RAISE EXCEPTION 'x'; END IF; RETURN 1; END"),
  given('int', 'BEGIN IF left(v, 1) = guess THEN RETURN NULL; END IF; RETURN 1; END'),
  given('int', 'BEGIN RETURN 1 / (ascii(v) - ascii(guess)); END'),
  given('int', 'DECLARE n int := 1 / (ascii(v) - ascii(guess)); BEGIN RETURN 1; END'),
  given('int', 'BEGIN CASE left(v, 1) WHEN guess THEN RETURN 1; END CASE; END'),
  given('int', 'BEGIN ASSERT left(v, 1) <> guess; RETURN 1; END'),
  given(
    'int',
    'BEGIN FOR i IN 1..(1 - abs(sign(ascii(v) - ascii(guess))))::int LOOP RAISE EXCEPTION $$x$$; END LOOP; RETURN 1; END',
  ),
  given('int', 'BEGIN WHILE left(v, 1) = guess LOOP RETURN NULL; END LOOP; RETURN 1; END'),
  given('int', 'BEGIN LOOP EXIT WHEN left(v, 1) = guess; RETURN 1; END LOOP; END'),
  given('SETOF int', 'BEGIN IF left(v, 1) = guess THEN RETURN NEXT 1; END IF; END'),
  given('int', 'DECLARE n int; BEGIN n := replace(left(v, 1), guess, $$1$$); RETURN 1; END'),
  given('int', 'DECLARE a int[] := $${1}$$; BEGIN RETURN a[1 + abs(ascii(v) - ascii(guess))]; END'),
  given('int', 'DECLARE r record; BEGIN IF left(v, 1) <> guess THEN SELECT 1 AS a INTO r; END IF; RETURN r.a; END'),
  own('int', `BEGIN ${first}; IF left(v, 1) = guess THEN RAISE EXCEPTION 'x'; END IF; RETURN 1; END`),
  own('int', `BEGIN ${first}; IF left(v, 1) = guess THEN RETURN NULL; END IF; RETURN 1; END`),
  own('int', `BEGIN ${first}; RETURN 1 / (ascii(v) - ascii(guess)); END`),
  own('int', `BEGIN ${first}; PERFORM 1 / (ascii(v) - ascii(guess)); RETURN 1; END`),
  own(
    'int',
    "BEGIN PERFORM 1 FROM customers WHERE email LIKE guess || '%'; IF FOUND THEN RETURN NULL; END IF; RETURN 1; END",
  ),
  own(
    'int',
    "BEGIN PERFORM 1 FROM customers WHERE email LIKE guess || '%'; IF FOUND THEN RAISE EXCEPTION 'x'; END IF; RETURN 1; END",
  ),
  own(
    'int',
    "BEGIN PERFORM 1 FROM customers WHERE email LIKE guess || '%'; GET DIAGNOSTICS n = ROW_COUNT; RETURN nullif(n, 0); END",
    'n int',
  ),
  own(
    'int',
    "BEGIN SELECT id INTO STRICT n FROM customers WHERE id = 1 AND email LIKE guess || '%'; RETURN 1; END",
    'n int',
  ),
  own(
    'int',
    "BEGIN FOR r IN SELECT 1 AS a FROM customers WHERE email LIKE guess || '%' LOOP RETURN 1; END LOOP; RETURN NULL; END",
    'r record',
  ),
  own('SETOF int', `BEGIN ${first}; RETURN QUERY SELECT 1 WHERE left(v, 1) = guess; END`),
  own('SETOF int', "BEGIN RETURN QUERY SELECT id FROM customers WHERE email LIKE guess || '%'; END"),
  own(
    'int',
    `BEGIN ${first}; IF left(v, 1) = guess THEN UPDATE plain SET amount = 7 WHERE id = 1; END IF; RETURN (SELECT amount FROM plain WHERE id = 1); END`,
  ),
  own(
    'int',
    `BEGIN ${first}; b := left(v, 1) = guess; IF b THEN RETURN NULL; END IF; RETURN 1; END`,
    'v text; b boolean',
  ),
  own(
    'int',
    `BEGIN ${first}; BEGIN n := 1 / (ascii(v) - ascii(guess)); EXCEPTION WHEN division_by_zero THEN RETURN NULL; END; RETURN 1; END`,
    'v text; n int',
  ),
  own(
    'int',
    "BEGIN SELECT * INTO r FROM customers WHERE id = 1; IF r.email LIKE guess || '%' THEN RETURN NULL; END IF; RETURN 1; END",
    'r record',
  ),
  own(
    'int',
    "BEGIN SELECT * INTO r FROM customers WHERE id = 1; IF r::text LIKE '%,' || guess || '%' THEN RETURN NULL; END IF; RETURN 1; END",
    'r customers',
  ),
  own('int', `BEGIN ${first}; RETURN is_letter(v, guess); END`),
  own(
    'int',
    `BEGIN ${first}; n := CASE WHEN left(v, 1) = guess THEN 1 / (length(v) - length(v)) END; RETURN 1; END`,
    'v text; n int',
  ),
  own(
    'int',
    "BEGIN SELECT CASE WHEN email LIKE guess || '%' THEN 'x' ELSE 'y' END INTO w FROM customers WHERE id = 1; IF w = 'x' THEN RETURN NULL; END IF; RETURN 1; END",
    'w text',
  ),
  own(
    'int',
    'BEGIN SELECT way INTO v FROM reach WHERE id = 1; IF left(v, 1) = guess THEN RETURN NULL; END IF; RETURN 1; END',
  ),
]

export const named = procedural.map(({ head, body, asks }, n) => ({
  definition: `CREATE FUNCTION oracle${n}${head} LANGUAGE plpgsql AS $body$ ${body} $body$;`,
  asks: asks.map((ask) => ask.replaceAll('fn(', `oracle${n}(`)),
}))

/** What takes long, or much memory, for some values: these must not run at all. */
const lingering: readonly Procedural[] = [
  given('int', 'BEGIN IF left(v, 1) = guess THEN PERFORM pg_sleep(5); END IF; RETURN 1; END'),
  given('int', 'BEGIN FOR i IN 1..ascii(v) * 100000 LOOP NULL; END LOOP; RETURN 1; END'),
  own('int', `BEGIN ${first}; IF left(v, 1) = guess THEN PERFORM pg_sleep(5); END IF; RETURN 1; END`),
  own('int', `BEGIN ${first}; FOR i IN 1..ascii(v) * 100000 LOOP NULL; END LOOP; RETURN 1; END`),
  own('int', `BEGIN ${first}; FOR i IN 1..100 BY ascii(v) LOOP NULL; END LOOP; RETURN 1; END`),
  own('int', `BEGIN ${first}; WHILE left(v, 1) = guess LOOP v := v; END LOOP; RETURN 1; END`),
  own('int', `BEGIN ${first}; LOOP EXIT WHEN left(v, 1) <> guess; END LOOP; RETURN 1; END`),
  own('int', `BEGIN ${first}; v := repeat(v, 1000000); RETURN 1; END`),
  own(
    'int',
    `BEGIN ${first}; v := nullif(left(v, 1), guess); FOR i IN 1..26 LOOP v := v || v; END LOOP; RETURN 1; END`,
  ),
  own(
    'int',
    `BEGIN ${first}; v := nullif(left(v, 1), guess); w := v || v; v := w || w; w := v || v; RETURN 1; END`,
    'v text; w text',
  ),
  own(
    'int',
    `BEGIN ${first}; SELECT count(*) INTO n FROM generate_series(1, ascii(v) * 10000); RETURN 1; END`,
    'v text; n int',
  ),
  own('int', `BEGIN ${first}; CASE left(v, 1) WHEN guess THEN PERFORM pg_sleep(5); ELSE NULL; END CASE; RETURN 1; END`),
  own(
    'int',
    "BEGIN FOR r IN SELECT 1 FROM customers WHERE email LIKE guess || '%' LOOP PERFORM pg_sleep(5); END LOOP; RETURN 1; END",
    'r record',
  ),
  own(
    'int',
    "BEGIN PERFORM 1 FROM customers WHERE email LIKE guess || '%'; IF FOUND THEN PERFORM pg_sleep(5); END IF; RETURN 1; END",
    'n int',
  ),
  own(
    'int',
    `BEGIN ${first}; a := string_to_array(v, guess); FOREACH v IN ARRAY a LOOP PERFORM pg_sleep(5); END LOOP; RETURN 1; END`,
    'v text; a text[]',
  ),
  own('int', `BEGIN ${first}; ASSERT left(v, 1) = guess; PERFORM pg_sleep(5); RETURN 1; END`),
  own(
    'int',
    'BEGIN FOR r IN SELECT email FROM customers LOOP IF r.email LIKE guess THEN RETURN 1; END IF; PERFORM pg_sleep(1); END LOOP; RETURN 1; END',
    'r record',
  ),
]

export const namedLingering = lingering.map(({ head, body, asks }, n) => ({
  definition: `CREATE FUNCTION lingers${n}${head} LANGUAGE plpgsql AS $body$ ${body} $body$;`,
  asks: asks.map((ask) => ask.replaceAll('fn(', `lingers${n}(`).replaceAll('~', 'z')),
}))
