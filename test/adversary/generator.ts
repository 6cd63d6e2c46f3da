/**
 * Random queries over labelled columns, the same for the same seed. They are well formed, mostly well typed (everything
 * is text), and say what they mean in ever other ways: the point is not that they are sensible.
 */
export interface Generator {
  query(): string
}

interface Table {
  readonly name: string
  readonly columns: readonly string[]
}

const tables: readonly Table[] = [
  { name: 'customers', columns: ['name', 'email', 'phone', 'card', 'address', 'birth_date::text', 'id::text'] },
  { name: 'staff', columns: ['name', 'email', 'role', 'salary::text'] },
  { name: 'reach', columns: ['way', 'line', 'id::text'] },
  { name: 'reach_again', columns: ['both_ways', 'id::text'] },
  { name: 'contact_sheet', columns: ['way', 'id::text'] },
  { name: 'signups', columns: ['email', 'day::text'] },
  { name: 'generated', columns: ['lookup', 'backwards', 'email', 'id::text'] },
  { name: 'plain', columns: ['remark', 'id::text'] },
  { name: 'whole()', columns: ['name', 'email', 'card'] },
  { name: 'renamed()', columns: ['b', 'a::text'] },
  { name: 'pupils', columns: ['email', 'school'] },
]

/** https://en.wikipedia.org/wiki/Mulberry32 */
function randomOf(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

export function generator(seed: number): Generator {
  const random = randomOf(seed)
  const below = (count: number): number => Math.floor(random() * count)
  const one = <T>(list: readonly T[]): T => list[below(list.length)] as T
  const chance = (part: number): boolean => random() < part
  let names = 0
  const fresh = (prefix: string): string => `${prefix}${++names}`

  /** @param columns what is in scope, each of them text */
  const expression = (columns: readonly string[], depth: number): string => {
    if (depth <= 0 || chance(0.2)) return chance(0.85) ? one(columns) : one(["'x'", 'NULL::text', "''", "'@'"])
    const next = (): string => expression(columns, depth - 1)
    return one<() => string>([
      () => `upper(${next()})`,
      () => `reverse(${next()})`,
      () => `(${next()} || ${next()})`,
      () => `concat_ws('-', ${next()}, ${next()})`,
      () => `coalesce(${next()}, ${next()})`,
      () => `nullif(${next()}, ${next()})`,
      () => `greatest(${next()}, ${next()})`,
      () => `CASE WHEN ${condition(columns, depth - 1)} THEN ${next()} ELSE ${next()} END`,
      () => `CASE ${next()} WHEN ${next()} THEN ${next()} ELSE ${next()} END`,
      () => `left(${next()}, 30)`,
      () => `replace(${next()}, 'b', 'c')`,
      () => `split_part(${next()}, '@', 1)`,
      () => `regexp_replace(${next()}, '^(.)', '\\1')`,
      () => `(ARRAY[${next()}, ${next()}])[1]`,
      () => `array_to_string(ARRAY[${next()}, ${next()}], '+')`,
      () => `(ROW(${next()}, ${next()}))::text`,
      () => `to_json(${next()})::text`,
      () => `(jsonb_build_object('k', ${next()}) ->> 'k')`,
      () => `json_build_array(${next()}, ${next()})::text`,
      () => `encode(convert_to(${next()}, 'UTF8'), '${one(['hex', 'base64', 'escape'])}')`,
      () => `quote_literal(${next()})`,
      () => `format('%s/%s', ${next()}, ${next()})`,
      () => `xmlelement(name a, ${next()})::text`,
      () => `(${next()})::varchar(60)::text`,
      () => `(${next()} COLLATE "C")`,
      () => `(SELECT ${next()})`,
      () => `(SELECT max(s.v) FROM (${query(depth - 1, 'v')}) s)`,
      () => `(SELECT string_agg(s.v, ',') FROM (${query(depth - 1, 'v')}) s)`,
      () => `(SELECT l.v FROM (VALUES (${next()}), (${next()})) l(v) LIMIT 1)`,
      () => `(SELECT u FROM unnest(ARRAY[${next()}, ${next()}]) u LIMIT 1)`,
      () => `trim(both from ${next()})`,
      () => `overlay(${next()} placing 'b' from 30)`,
    ])()
  }

  const condition = (columns: readonly string[], depth: number): string =>
    one<() => string>([
      () => `${expression(columns, depth)} IS NOT NULL`,
      () => `${expression(columns, depth)} <> '~'`,
      () => `length(${expression(columns, depth)}) > 2`,
      () => `${expression(columns, depth)} > 'A' OR true`,
      () => 'true',
      () => `NOT (${expression(columns, depth)} IS NULL)`,
    ])()

  /** Where rows come from, and the columns they have. */
  const source = (depth: number): { readonly text: string; readonly columns: readonly string[] } => {
    const name = fresh('t')
    if (depth <= 0 || chance(0.45)) {
      const table = one(tables)
      return { text: `${table.name} ${name}`, columns: table.columns.map((column) => `${name}.${column}`) }
    }
    return one([
      () => ({ text: `(${query(depth - 1, 'v')}) ${name}`, columns: [`${name}.v`] }),
      () => ({ text: `(${query(depth - 1, 'v')}) ${name} (w)`, columns: [`${name}.w`, `${name}::text`] }),
      () => {
        const [left, right] = [source(depth - 1), source(depth - 1)]
        const kind = one(['CROSS JOIN', 'LEFT JOIN', 'FULL JOIN', 'JOIN'])
        const on = kind === 'CROSS JOIN' ? '' : ' ON true'
        return { text: `${left.text} ${kind} ${right.text}${on}`, columns: [...left.columns, ...right.columns] }
      },
      () => {
        const inner = source(depth - 1)
        return {
          text: `${inner.text}, LATERAL (SELECT ${expression(inner.columns, 1)} AS v) ${name}`,
          columns: [...inner.columns, `${name}.v`],
        }
      },
      () => ({
        text: `jsonb_each_text((SELECT to_jsonb(c) FROM customers c LIMIT 1)) ${name} (k, v)`,
        columns: [`${name}.k`, `${name}.v`],
      }),
    ])()
  }

  const core = (depth: number, name: string): string => {
    const from = source(depth)
    const value = expression(from.columns, depth)
    const tail = chance(0.5) ? ` WHERE ${condition(from.columns, 1)}` : ''
    return one([
      () => `SELECT ${value} AS ${name} FROM ${from.text}${tail}`,
      () => `SELECT DISTINCT ${value} AS ${name} FROM ${from.text}${tail}`,
      () =>
        `SELECT ${one(['max', 'min', 'array_agg', 'json_agg', 'gather'])}(${value})::text AS ${name} FROM ${from.text}${tail}`,
      () => `SELECT string_agg(${value}, ',' ORDER BY ${one(from.columns)}) AS ${name} FROM ${from.text}${tail}`,
      () => `SELECT g AS ${name} FROM (SELECT ${value} AS g FROM ${from.text}${tail}) s GROUP BY g`,
      () =>
        `SELECT ${one(['lag', 'first_value', 'last_value'])}(${value}) OVER (ORDER BY ${one(from.columns)}) AS ${name} FROM ${from.text}${tail}`,
    ])()
  }

  const query = (depth: number, name = 'v'): string => {
    if (depth <= 0 || chance(0.5)) return `(${core(depth, name)} LIMIT 20)`
    return one([
      () => `(${query(depth - 1, name)} UNION ${one(['', 'ALL '])}${query(depth - 1, name)})`,
      () => `(${query(depth - 1, name)} ${one(['EXCEPT', 'INTERSECT'])} ALL ${query(depth - 1, name)})`,
      () => {
        const common = fresh('w')
        return `(WITH ${common} (c) AS ${one(['', 'MATERIALIZED '])}(${query(depth - 1)}) SELECT ${expression([`${common}.c`, `${common}::text`], 2)} AS ${name} FROM ${common})`
      },
      () => {
        const common = fresh('r')
        return `(WITH RECURSIVE ${common} (a, b, n) AS (SELECT 'x'::text, v::text, 0 FROM ${query(depth - 1)} q UNION ALL
          SELECT b, a, n + 1 FROM ${common} WHERE n < ${1 + below(3)}) SELECT a AS ${name} FROM ${common} LIMIT 30)`
      },
      () =>
        `(VALUES (${expression(['(SELECT email FROM customers LIMIT 1)', 'mail_of(1)', '(SELECT line FROM reach LIMIT 1)'], 2)}))`.replace(
          /^\(VALUES \((.*)\)\)$/s,
          `(SELECT x.${name} FROM (VALUES ($1)) x(${name}))`,
        ),
    ])()
  }

  return { query: () => query(1 + below(3)).replaceAll(/\s+/g, ' ') }
}
