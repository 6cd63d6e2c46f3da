import type { Pool } from 'pg'
import type { Log } from '../../log.ts'
import { rowsOf } from '../state/transaction.ts'

/**
 * Forgets the policy inputs that nothing has been decided by for so many days, and the counts of the days before. They
 * are there for replay; the trail's own records keep their digests and are not touched, so it verifies as before.
 */
export interface KeepInputsOptions {
  readonly pool: Pool
  readonly keptDays: number
  readonly now: () => number
  readonly log: Pick<Log, 'warn'>
}

const DAY_MS = 86_400_000
const EVERY_MS = 6 * 60 * 60_000
/** Rows that one statement deletes: nobody who ships the trail waits long for it. */
const BATCH = 5_000

const FORGET_DAYS = `
  DELETE FROM policy_input_day WHERE ctid = ANY(ARRAY(
    SELECT ctid FROM policy_input_day WHERE day < $1::timestamptz::date LIMIT ${BATCH})) RETURNING 1`

const FORGET_INPUTS = `
  DELETE FROM policy_input WHERE digest = ANY(ARRAY(
    SELECT digest FROM policy_input WHERE first_seen < $1::timestamptz
      AND NOT EXISTS (SELECT FROM policy_input_day WHERE policy_input_day.input = policy_input.digest)
    LIMIT ${BATCH})) RETURNING 1`

/** One round. @returns how many inputs were forgotten */
export async function forgetInputs({ pool, keptDays, now }: Omit<KeepInputsOptions, 'log'>): Promise<number> {
  const before = new Date(now() - keptDays * DAY_MS)
  await untilNone(pool, FORGET_DAYS, before)
  return untilNone(pool, FORGET_INPUTS, before)
}

export function keepInputs(options: KeepInputsOptions): { close(): Promise<void> } {
  let round: Promise<unknown> = Promise.resolve()
  const next = (): void => {
    round = round
      .then(() => forgetInputs(options))
      .catch((err: unknown) =>
        options.log.warn({ err }, 'old policy inputs could not be forgotten; they will be later'),
      )
  }
  next()
  const timer = setInterval(next, EVERY_MS)
  return {
    async close() {
      clearInterval(timer)
      await round
    },
  }
}

async function untilNone(pool: Pool, sql: string, before: Date): Promise<number> {
  for (let all = 0; ; ) {
    const { length } = await rowsOf(pool, sql, [before])
    all += length
    if (length < BATCH) return all
  }
}
