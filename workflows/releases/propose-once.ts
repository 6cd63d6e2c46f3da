import type pg from 'pg'
import type { Hold } from '../holds/hold.ts'
import { identityKey, type PersonKey } from '../holds/identity-key.ts'
import { writeTrail } from '../outbox/outbox.ts'
import { inTransaction, rowsOf } from '../state/transaction.ts'
import { ReleaseError } from './errors.ts'

/**
 * A proposal for an exception, made once for one asker, target and shape of statement until it would have ended: a
 * double click, or two people who think the same, make one pull request. It is on record with who made it.
 */
export interface Proposing {
  readonly hold: Hold
  readonly by: PersonKey
  readonly reason: string
  readonly until: Date
  readonly at: Date
}

/** After this, whoever began to make one and did not say that it is made has ended. */
const MAKING_MS_MAX = 10 * 60_000

/** @throws ReleaseError not_possible when it is proposed already, with where; what `make` throws, and then it was not */
export async function proposeOnce(
  pool: pg.Pool,
  { hold, by, reason, until, at }: Proposing,
  make: () => Promise<{ readonly url?: string }>,
): Promise<{ readonly url?: string }> {
  const key = [identityKey(hold.identity), hold.target.name, hold.facts.fingerprint]
  const claimed = await rowsOf(pool, CLAIM, [...key, hold.id, at, until, new Date(at.getTime() - MAKING_MS_MAX)])
  if (claimed.length === 0) {
    const [there] = await rowsOf<{ url: string | null }>(pool, THERE, key)
    throw new ReleaseError('not_possible', `This is proposed already. ${there?.url ?? ''}`.trim())
  }
  try {
    const made = await make()
    await inTransaction(pool, async (client) => {
      await client.query(`UPDATE proposed_exception SET url = $4 ${WHERE}`, [...key, made.url ?? ''])
      const who = { issuer: by.issuer, subject: by.subject }
      const said = { hold: hold.id, by: who, reason, until: until.toISOString(), url: made.url ?? null }
      await writeTrail(client, at, 'exception.proposed', said)
    })
    return made
  } catch (err) {
    await rowsOf(pool, `DELETE FROM proposed_exception ${WHERE} AND url IS NULL`, key)
    throw err
  }
}

const WHERE = 'WHERE identity = $1 AND target = $2 AND fingerprint = $3'
const THERE = `SELECT url FROM proposed_exception ${WHERE}`

const CLAIM = `
  INSERT INTO proposed_exception (identity, target, fingerprint, hold, at, until) VALUES ($1, $2, $3, $4, $5, $6)
  ON CONFLICT (identity, target, fingerprint) DO UPDATE
  SET hold = excluded.hold, at = excluded.at, until = excluded.until, url = NULL
  WHERE proposed_exception.until <= excluded.at
    OR proposed_exception.url IS NULL AND proposed_exception.at <= $7
  RETURNING hold`
