import type pg from 'pg'
import { inTransaction, rowsOf } from '../state/transaction.ts'
import type { Afterwards } from './afterwards.ts'
import { tellOverdue } from './review.ts'
import { type HoldRow, LIGHT_HOLD_COLUMNS } from './row.ts'
import { expireDue } from './sweeps.ts'
import { escalate, isDueToEscalate, isDueToRemind, remind } from './telling.ts'

export interface DueOptions {
  readonly pool: pg.Pool
  readonly moment: () => Date
  readonly tell: Afterwards['tell']
  /** Of one hold, waiting for whoever has it in hand. */
  readonly expire: (id: string) => Promise<unknown>
}

/** One statement moves so many; nobody else waits longer for the database than it takes. */
const EXPIRED_AT_ONCE = 100

type LightRow = Omit<HoldRow, 'request'>

/**
 * What the clock wants of a hold by now. Expiry is done for all that are due, whichever job comes first: of ten thousand
 * that run out in one second the first jobs end them all, and the others find nothing left to do.
 */
export function createDue({ pool, moment, tell, expire }: DueOptions): (id: string) => Promise<void> {
  let sweeping: Promise<void> | null = null

  async function sweep(): Promise<void> {
    for (;;) {
      const expired = await expireDue(pool, moment(), EXPIRED_AT_ONCE)
      tell(
        expired.map(({ notices, ...row }) => ({ row, notices })),
        [],
      )
      if (expired.length < EXPIRED_AT_ONCE) return
    }
  }

  return async (id) => {
    sweeping ??= sweep().finally(() => {
      sweeping = null
    })
    await sweeping
    const [row] = await rowsOf<LightRow>(pool, `SELECT ${LIGHT_HOLD_COLUMNS} FROM hold WHERE id = $1`, [id])
    if (row === undefined) return
    const at = moment()
    // Since the sweep looked, or while somebody else had it in hand.
    if (isOver(row, at)) await expire(id)
    for (const [isDue, happen] of [
      [isDueToEscalate, escalate],
      [isDueToRemind, remind],
    ] as const) {
      if (!isDue(row, at)) continue
      const told = await inTransaction(pool, (client) => happen(client, id, at))
      tell([], told?.notices ?? [])
    }
    if (row.glass) tell([], (await inTransaction(pool, (client) => tellOverdue(client, id, at))) ?? [])
  }
}

function isOver({ status, expires_at, grant_expires_at }: LightRow, at: Date): boolean {
  return (status === 'pending' || status === 'approved') && (grant_expires_at ?? expires_at) <= at
}
