import type pg from 'pg'

/** A hold as often as wanted, each by itself, a millisecond apart but for every third, and told of by nobody. */
export async function copyHold(pool: pg.Pool, id: string, times: number): Promise<readonly string[]> {
  const { rows } = await pool.query<{ id: string }>(COPY, [id, times])
  return rows.map((row) => row.id)
}

const COPY = `
  INSERT INTO hold (identity, digest, waiting_session, mode, id, status, request, created_at, expires_at, shown_to)
  SELECT identity, digest || ' ' || gen_random_uuid(), '', mode,
    'hold_' || left(translate(encode(sha256(gen_random_uuid()::text::bytea), 'base64'), '+/', '-_'), 22),
    status, request, created_at + (number - number % 3) * interval '1 ms', expires_at, shown_to
  FROM hold, generate_series(1, $2::int) AS number WHERE hold.id = $1
  RETURNING id`

/** How many queries the pool was asked while the work went on. */
export async function queriesOf(pool: pg.Pool, work: () => Promise<unknown>): Promise<number> {
  let asked = 0
  const { query, connect } = pool
  Object.assign(pool, {
    query: (...args: readonly unknown[]) => {
      asked++
      return Reflect.apply(query, pool, args)
    },
    connect: (...args: readonly unknown[]) => {
      asked++
      return Reflect.apply(connect, pool, args)
    },
  })
  try {
    await work()
  } finally {
    Object.assign(pool, { query, connect })
  }
  return asked
}
