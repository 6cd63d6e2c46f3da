import type { Identity } from '../../policies/input.ts'
import { ownedBy } from '../directory/owned.ts'
import { type Queryable, rowsOf } from '../state/transaction.ts'
import { HoldError } from './errors.ts'
import { askersOf, type PersonKey } from './identity-key.ts'

/** How many statements may be held at the same time. */
export interface Room {
  readonly pendingMax: number
  /** Of those, for one person and all that asks for them; left out: as many as there may be. */
  readonly pendingPerAskerMax?: number
}

/**
 * Whether one more fits, in the transaction that makes it. Of one person's requests one at a time is counted and made, so
 * that many at once are not more than may be.
 *
 * @throws HoldError too_many, too_many_of_asker
 */
export async function assertRoom(client: Queryable, identity: Identity, room: Room): Promise<void> {
  const { pendingMax, pendingPerAskerMax = pendingMax } = room
  if (pendingPerAskerMax < pendingMax && (await heldFor(client, identity, pendingPerAskerMax)) >= pendingPerAskerMax)
    throw new HoldError('too_many_of_asker', `You have as many statements held as you may: ${pendingPerAskerMax}`, {
      hint: 'Those that your agents asked for count, too. Withdraw some, or try again when some have been answered',
    })
  const [row] = await rowsOf<{ pending: number }>(
    client,
    "SELECT count(*)::int AS pending FROM (SELECT FROM hold WHERE status = 'pending' LIMIT $1) AS bounded",
    [pendingMax],
  )
  if (row !== undefined && row.pending < pendingMax) return
  throw new HoldError('too_many', 'Too many statements are held already', {
    hint: 'Try again when some of them have been answered',
  })
}

/** At most so many are counted. */
async function heldFor(client: Queryable, identity: Identity, most: number): Promise<number> {
  const person = await personBehind(client, identity)
  // What is counted after it was waited for is what others have made meanwhile.
  await rowsOf(client, 'SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [`held for ${JSON.stringify(person)}`])
  const all = [person, ...(await ownedBy(client, [person])).map(({ it }) => storable(it))]
  const [row] = await rowsOf<{ held: number }>(
    client,
    `WITH theirs AS MATERIALIZED (${askersOf('$1', '$2')})
     SELECT count(*)::int AS held
     FROM (SELECT FROM hold WHERE status = 'pending' AND askers && (TABLE theirs) LIMIT $3) AS bounded`,
    [all.map(({ issuer }) => issuer), all.map(({ subject }) => subject), most],
  )
  return row?.held ?? most
}

/** Whom it asks for, or who answers for it in the directory; a person is behind their own. */
async function personBehind(client: Queryable, { issuer, subject, actsFor }: Identity): Promise<PersonKey> {
  if (actsFor !== null) return storable(actsFor)
  const self = storable({ issuer, subject })
  const [row] = await rowsOf<{ issuer: string; subject: string }>(
    client,
    `SELECT owner_issuer AS issuer, owner_subject AS subject FROM person
     WHERE issuer = $1 AND subject = $2 AND owner_issuer IS NOT NULL AND owner_subject IS NOT NULL`,
    [self.issuer, self.subject],
  )
  return row ?? self
}

/** As the state database keeps whom a hold is of (0014-hold-shown-to.sql). */
function storable({ issuer, subject }: PersonKey): PersonKey {
  const text = (value: string): string => value.toWellFormed().replaceAll('\0', '\uFFFD')
  return { issuer: text(issuer), subject: text(subject) }
}
