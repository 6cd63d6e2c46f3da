import { createHash } from 'node:crypto'
import { setTimeout } from 'node:timers/promises'
import type { Pool } from 'pg'
import type { Hold, HoldStatus } from '../../../workflows/holds/hold.ts'
import { HOLD_COLUMNS, type HoldRow, holdsOf } from '../../../workflows/holds/row.ts'
import { inTransaction, type Queryable, rowsOf } from '../../../workflows/state/transaction.ts'
import { SlackError } from '../errors.ts'

/**
 * Which holds share a card. The first of those that are alike is the lead: the card is posted as its own, and others
 * join it while anything on it waits. When all of it is answered, the next one begins a new card. A run that an approval
 * of many let through stands on the card of that approval.
 */
export interface GatheredCards {
  /** The hold as whose card this one is shown. */
  leadOf(hold: Hold): Promise<string>
  /** All that is on the card of a lead, as it is now. */
  group(lead: string): Promise<Gathered | null>
  /** Does the work while no other process does any for this lead. @throws SlackError when that takes too long */
  alone(lead: string, work: () => Promise<void>): Promise<void>
  /** Keeps what a card shows whole, under the id that is behind its buttons. */
  remember(holds: readonly Hold[]): Promise<void>
  /** @returns none when nothing was ever shown under this id */
  shown(id: string): Promise<readonly string[]>
}

export interface Gathered {
  readonly lead: Hold
  /** Oldest first; so many as a card could show. */
  readonly pending: readonly Hold[]
  readonly pendingCount: number
  /** A few of the answered, newest first. */
  readonly answered: readonly Hold[]
  readonly counts: Readonly<Partial<Record<HoldStatus, number>>>
  /** The approval of one of them that counts for others like it. */
  readonly alike: Hold | null
}

const PENDING_LOADED = 20
const ANSWERED_LOADED = 4
/** A card that this many were on takes no more, and the next one begins another. */
const MEMBERS_MAX = 100
const LEASE_MS = 60_000
const LEASE_WAIT_MS = 15_000
const LEASE_POLL_MS = 100

export function createGatheredCards(pool: Pool, now: () => number): GatheredCards {
  return {
    leadOf: (hold) => (hold.gathering === null ? Promise.resolve(hold.id) : inTransaction(pool, joining(hold))),

    async group(lead) {
      const members = await membersOf(pool, lead)
      const pending = members.filter(({ status }) => status === 'pending')
      const answered = members.filter(({ status }) => status !== 'pending').toReversed()
      const alike = await alikeIn(pool, [lead, ...members.map(({ id }) => id)])
      const wanted = [...pending.slice(0, PENDING_LOADED), ...answered.slice(0, ANSWERED_LOADED)].map(({ id }) => id)
      const loaded = await load(pool, [...new Set([lead, ...wanted, ...(alike === null ? [] : [alike])])])
      const find = (id: string): Hold | undefined => loaded.find((hold) => hold.id === id)
      const leading = find(lead)
      if (leading === undefined) return null
      const found = (some: readonly Member[]): readonly Hold[] =>
        some.map(({ id }) => find(id)).filter((hold) => hold !== undefined)
      return {
        lead: leading,
        pending: found(pending),
        pendingCount: pending.length,
        answered: found(answered),
        counts: countsOf(members),
        alike: alike === null ? null : (find(alike) ?? null),
      }
    },

    async alone(lead, work) {
      const gaveUpAt = performance.now() + LEASE_WAIT_MS
      while (!(await lease(pool, lead, now()))) {
        if (performance.now() > gaveUpAt)
          throw new SlackError('slack_card_busy', 'Another process is still at this card', { reason: 'busy' })
        await setTimeout(LEASE_POLL_MS)
      }
      try {
        await work()
      } finally {
        await rowsOf(pool, 'UPDATE slack_gathered SET leased_until = NULL WHERE hold = $1', [lead])
      }
    },

    async remember(holds) {
      const ids = holds.map(({ id }) => id)
      await rowsOf(pool, REMEMBER, [shownId(holds), ids, new Date(now())])
    },

    async shown(id) {
      const [row] = await rowsOf<{ holds: string[] }>(pool, 'SELECT holds FROM slack_shown WHERE id = $1', [id])
      return row?.holds ?? []
    },
  }
}

/** A card that shows them still is as good as new. */
const REMEMBER = `
  INSERT INTO slack_shown (id, holds, at) VALUES ($1, $2, $3)
  ON CONFLICT (id) DO UPDATE SET at = EXCLUDED.at`

/** The same for the same holds, so that a card that did not change is the same card. Hold ids cannot be guessed. */
export function shownId(holds: readonly Pick<Hold, 'id'>[]): string {
  const hash = createHash('sha256').update(JSON.stringify(holds.map(({ id }) => id)))
  return `shown_${hash.digest('base64url').slice(0, 22)}`
}

interface Member {
  readonly id: string
  readonly status: HoldStatus
}

/** One at a time for each gathering: of two that come at once, one leads. */
function joining({ id, gathering, status, approvedThrough }: Hold): (client: Queryable) => Promise<string> {
  return async (client) => {
    const key = gathering?.key ?? ''
    await rowsOf(client, 'SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [key])
    const one = async (sql: string, values: readonly unknown[]): Promise<string | null> =>
      (await rowsOf<{ lead: string }>(client, sql, values))[0]?.lead ?? null
    const known = await one('SELECT lead FROM slack_gathered WHERE hold = $1', [id])
    if (known !== null) return known
    const through = approvedThrough?.hold
    const to =
      through === undefined ? (status === 'pending' ? await one(OPEN, [key, id]) : null) : await one(OF, [through])
    const lead = to ?? id
    await rowsOf(client, 'INSERT INTO slack_gathered (hold, lead, gathering) VALUES ($1, $2, $3)', [id, lead, key])
    return lead
  }
}

const OF = 'SELECT lead FROM slack_gathered WHERE hold = $1'

/** A card of its own, from before cards were shared, stays one. */
const OPEN = `
  SELECT lead FROM slack_gathered AS card WHERE gathering = $1
    AND EXISTS (SELECT FROM hold WHERE hold.id = card.hold AND status = 'pending')
    AND (SELECT count(*) FROM slack_gathered AS other WHERE other.lead = card.lead) < ${MEMBERS_MAX}
    AND NOT EXISTS (SELECT FROM slack_message WHERE slack_message.hold = $2)
  ORDER BY lead LIMIT 1`

/** Its lead alone, when it is alone. */
async function membersOf(on: Queryable, lead: string): Promise<readonly Member[]> {
  return rowsOf<Member & { id: string }>(
    on,
    `SELECT id, status FROM hold WHERE id = $1 OR id IN (SELECT hold FROM slack_gathered WHERE lead = $1)
     ORDER BY coalesce(decided_at, created_at), created_at, id`,
    [lead],
  )
}

async function alikeIn(on: Queryable, holds: readonly string[]): Promise<string | null> {
  const [row] = await rowsOf<{ hold: string }>(
    on,
    'SELECT hold FROM alike_approval WHERE hold = ANY($1) ORDER BY expires_at DESC, hold LIMIT 1',
    [holds],
  )
  return row?.hold ?? null
}

async function load(on: Queryable, ids: readonly string[]): Promise<readonly Hold[]> {
  return holdsOf(on, await rowsOf<HoldRow>(on, `SELECT ${HOLD_COLUMNS} FROM hold WHERE id = ANY($1)`, [ids]))
}

function countsOf(members: readonly Member[]): Gathered['counts'] {
  const counts: Partial<Record<HoldStatus, number>> = {}
  for (const { status } of members) counts[status] = (counts[status] ?? 0) + 1
  return counts
}

/** True as well for what shares its card with none: nobody else is at it (the outbox sees to that). */
async function lease(pool: Pool, lead: string, now: number): Promise<boolean> {
  const rows = await rowsOf(
    pool,
    `UPDATE slack_gathered SET leased_until = $3 WHERE hold = $1 AND (leased_until IS NULL OR leased_until <= $2)
     RETURNING hold`,
    [lead, new Date(now), new Date(now + LEASE_MS)],
  )
  return rows.length > 0 || (await rowsOf(pool, 'SELECT FROM slack_gathered WHERE hold = $1', [lead])).length === 0
}
