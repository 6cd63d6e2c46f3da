/**
 * Random questions about one letter of a protected value, the same for the same seed: `~` stands for the letter. They
 * are built from types (text, number, truth) and asked in every place of a statement, so that an answer can come as a
 * row, an order, an error, a NULL, a length or a plan.
 */
export interface Questions {
  next(): string
}

/** https://en.wikipedia.org/wiki/Xorshift */
function randomOf(seed: number): (below: number) => number {
  let state = seed | 1
  return (below) => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) % below
  }
}

/** Where rows come from under the name t, with a protected text v and a number k. */
const sources = [
  '(SELECT id AS k, email AS v FROM customers) t',
  'reach t (k, v)',
  '(SELECT id AS k, way AS v FROM contact_sheet) t',
  'people t (k, v)',
  '(SELECT id AS k, lookup AS v FROM generated) t',
  'renamed() t (k, v)',
  '(SELECT c.id AS k, (c).email AS v FROM customers c) t',
  "(SELECT id AS k, to_jsonb(c) ->> 'email' AS v FROM customers c) t",
  '(SELECT 1 AS k, m AS v FROM mails() m) t',
  '(SELECT id AS k, email AS v FROM customers UNION ALL SELECT id, email FROM staff) t',
  '(WITH w AS MATERIALIZED (SELECT id AS k, email AS v FROM customers) SELECT * FROM w) t',
]

export function questions(seed: number): Questions {
  const below = randomOf(seed)
  const pick = <T>(list: readonly T[]): T => list[below(list.length)] as T

  const text = (depth: number): string => {
    if (depth <= 0) return pick(['t.v', 't.v', 'left(t.v, 1)', 'substr(t.v, 1, 1)'])
    const inner = (): string => text(depth - 1)
    return pick<() => string>([
      inner,
      () => `upper(lower(${inner()}))`,
      () => `translate(${inner()}, '~', '')`,
      () => `nullif(left(${inner()}, 1), '~')`,
      () => `replace(${inner()}, '~', '1')`,
      () => `btrim(${inner()}, '~')`,
      () => `split_part(${inner()}, '~', 2)`,
      () => `substring(${inner()} from '^~.')`,
      () => `coalesce(${inner()}, ${inner()})`,
      () => `${inner()} || ${inner()}`,
      () => `concat(${inner()}, t.k)`,
      () => `CASE WHEN ${truth(depth - 1)} THEN ${inner()} ELSE 'x' END`,
      () => `(SELECT max(s.v) FROM customers c, LATERAL (SELECT ${inner()} AS v) s)`,
      () => `(ARRAY[${inner()}, 'x'])[${number(depth - 1)}]`,
      () => `repeat('x', ${number(depth - 1)})`,
      () => `(to_jsonb(ROW(${inner()})) ->> 'f1')`,
      () => `chr(${number(depth - 1)})`,
    ])()
  }

  const number = (depth: number): string =>
    pick<() => string>([
      () => `ascii(${text(depth - 1)})`,
      () => `(ascii(${text(depth - 1)}) - ascii('~'))`,
      () => `length(${text(depth - 1)})`,
      () => `strpos(${text(depth - 1)}, '~')`,
      () => `(${truth(depth - 1)})::int`,
      () => `(SELECT count(*)::int FROM plain WHERE ${truth(depth - 1)})`,
      () => `num_nulls(${text(depth - 1)})`,
    ])()

  const truth = (depth: number): string => {
    const inner = (): string => text(depth - 1)
    return pick<() => string>([
      () => `${inner()} LIKE '~%'`,
      () => `left(${inner()}, 1) = '~'`,
      () => `${inner()} BETWEEN '~' AND '~zzz'`,
      () => `${inner()} < '~zzz'`,
      () => `left(${inner()}, 1) IN ('~', 'x')`,
      () => `nullif(left(${inner()}, 1), '~') IS NULL`,
      () => `regexp_like(${inner()}, '^~')`,
      () => `(${truth(depth <= 0 ? 0 : depth - 1)}) AND 1 / (t.k - t.k) = 1`,
      () => `EXISTS (SELECT 1 FROM plain WHERE ${inner()} LIKE '~%')`,
      () => `starts_with(${inner()}, '~')`,
    ])()
  }

  const query = (depth: number): string => {
    const from = `FROM ${pick(sources)}`
    return pick<() => string>([
      () => `SELECT ${text(depth)} ${from}`,
      () => `SELECT ${truth(depth)} ${from}`,
      () => `SELECT 1 / ${number(depth)} ${from}`,
      () => `SELECT (${text(depth)})::int ${from}`,
      () => `SELECT t.k ${from} WHERE ${truth(depth)}`,
      () => `SELECT count(*) ${from} GROUP BY ${truth(depth)}`,
      () => `SELECT t.k ${from} ORDER BY ${text(depth)}, t.k LIMIT 1`,
      () => `SELECT generate_series(1, ${number(depth)}) ${from}`,
      () => `SELECT max(${text(depth)}), count(${text(depth)}) ${from}`,
      () => `SELECT array_agg(${text(depth)}), json_agg(${text(depth)}) ${from}`,
      () => `SELECT s.v ${from}, LATERAL (SELECT ${text(depth)} AS v WHERE ${truth(depth)}) s`,
      () => `SELECT p.id FROM plain p WHERE p.id = (SELECT ${number(depth)} ${from} LIMIT 1)`,
      () => `SELECT p.remark FROM plain p WHERE EXISTS (SELECT 1 ${from} WHERE ${truth(depth)})`,
      () => `SELECT id FROM plain LIMIT (SELECT ${number(depth)} ${from} LIMIT 1)`,
      () => `SELECT lag(${text(depth)}) OVER (ORDER BY t.k) ${from}`,
      () => `SELECT DISTINCT ${truth(depth)} ${from}`,
      () => `SELECT remark FROM plain EXCEPT SELECT ${text(depth)} ${from}`,
      () => `VALUES ((SELECT ${text(depth)} ${from} LIMIT 1))`,
    ])()
  }

  return { next: () => query(1 + below(3)) }
}
