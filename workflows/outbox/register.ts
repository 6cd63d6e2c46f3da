import type pg from 'pg'
import { inTransaction } from '../state/transaction.ts'
import type { NoticeDelivery } from './delivery.ts'

/**
 * Says which deliveries there are, so that every later change writes a row for each. What waits for an answer and was
 * made before a delivery was known, or while it was turned off, is shown to it too; what is turned off gets nothing. What
 * a delivery gave up on and still waits is tried once more: a token or an address is mended by starting anew.
 */
export async function registerDeliveries(
  pool: pg.Pool,
  deliveries: readonly Pick<NoticeDelivery, 'name' | 'wants'>[],
  at: Date,
): Promise<void> {
  const names = deliveries.map(({ name }) => name).sort()
  const wantAll = new Set(deliveries.filter(({ wants }) => wants === undefined).map(({ name }) => name))
  await inTransaction(pool, async (client) => {
    await client.query('UPDATE delivery SET active = false WHERE active AND name <> ALL($1)', [names])
    const { rows } = await client.query<{ name: string }>(
      `INSERT INTO delivery (name, active) SELECT unnest($1::text[]), true
       ON CONFLICT (name) DO UPDATE SET active = true WHERE NOT delivery.active RETURNING name`,
      [names],
    )
    await client.query(
      `INSERT INTO outbox (hold, delivery, reason, created_at, next_attempt_at)
       SELECT hold.id, name, 'created', $2, $2 FROM hold, unnest($1::text[]) AS name
       WHERE hold.status = 'pending'
         AND NOT EXISTS (SELECT FROM outbox WHERE outbox.hold = hold.id AND outbox.delivery = name)
       ORDER BY hold.created_at`,
      [rows.map(({ name }) => name).filter((name) => wantAll.has(name)), at],
    )
    for (const { name, wants } of deliveries)
      await client.query(WANTS, [name, wants?.reasons ?? null, wants?.mode ?? null])
    await client.query(GIVEN_UP_AGAIN, [names, at])
  })
}

const WANTS = 'UPDATE delivery SET reasons = $2, mode = $3 WHERE name = $1'

const GIVEN_UP_AGAIN = `
  INSERT INTO outbox (hold, delivery, reason, created_at, next_attempt_at)
  SELECT hold.id, last.delivery, 'created', $2, $2
  FROM hold CROSS JOIN unnest($1::text[]) AS wanted (delivery)
  CROSS JOIN LATERAL (
    SELECT outbox.delivery, given_up_at FROM outbox
    WHERE outbox.hold = hold.id AND outbox.delivery = wanted.delivery ORDER BY outbox.id DESC LIMIT 1
  ) AS last
  WHERE hold.status = 'pending' AND last.given_up_at IS NOT NULL ORDER BY hold.created_at`
