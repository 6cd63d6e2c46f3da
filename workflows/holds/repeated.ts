import { type Queryable, rowsOf } from '../state/transaction.ts'
import type { Hold } from './hold.ts'
import { identityKey } from './identity-key.ts'

/** How often people said yes to the same asker for the same shape of statement on the same target lately. */
export interface Repeated {
  readonly times: number
  readonly days: number
  /** A pull request that would make it unnecessary; null: nobody has proposed one, or it would have ended by now. */
  readonly proposed: string | null
}

const DAYS = 14

/** Those that nobody approved, because the glass was broken, are not among them. */
export async function repeatedOf(on: Queryable, { identity, facts, target }: Hold, at: Date): Promise<Repeated> {
  const nothing = { times: 0, days: DAYS, proposed: null }
  if (facts.fingerprint === '') return nothing
  const since = new Date(at.getTime() - DAYS * 24 * 60 * 60_000)
  const values = [identityKey(identity), facts.fingerprint, target.name, since, at]
  const [row] = await rowsOf<{ times: number; proposed: string | null }>(on, REPEATED, values)
  return row === undefined ? nothing : { times: row.times, days: DAYS, proposed: row.proposed || null }
}

const REPEATED = `
  SELECT (
    SELECT count(*)::int FROM hold
    WHERE identity = $1 AND created_at > $4 AND fingerprint = $2 AND target = $3 AND status IN ('approved', 'executed')
      AND NOT EXISTS (SELECT FROM broken_glass WHERE broken_glass.hold = hold.id)
  ) AS times, (
    SELECT url FROM proposed_exception
    WHERE identity = $1 AND target = $3 AND fingerprint = $2 AND until > $5
  ) AS proposed`
