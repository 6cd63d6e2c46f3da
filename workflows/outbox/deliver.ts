import { rowsOf } from '../state/transaction.ts'
import type { NoticeDelivery } from './delivery.ts'
import { DeliveryLine, type LineOptions } from './delivery-line.ts'

export interface DeliverOptions extends LineOptions {
  readonly deliveries: readonly NoticeDelivery[]
}

/** What a job for a row does: the line of the row's delivery is looked at, and this row may not be the first in it. */
export function createDeliver({ deliveries, ...options }: DeliverOptions): (notice: string) => Promise<void> {
  const lines = new Map(deliveries.map((delivery) => [delivery.name, new DeliveryLine(delivery, options)]))
  return async (id) => {
    const sql = 'SELECT delivery FROM outbox WHERE id = $1 AND sent_at IS NULL AND given_up_at IS NULL'
    const [row] = await rowsOf<{ delivery: string }>(options.pool, sql, [id])
    // Another process may have a delivery that this one has not; the row stays for it.
    if (row !== undefined) await lines.get(row.delivery)?.run()
  }
}
