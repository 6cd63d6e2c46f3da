import { randomUUID } from 'node:crypto'
import type pg from 'pg'
import type { Log } from '../../log.ts'
import type { Queues } from '../queues/queues.ts'
import type { Seal } from '../results/seal.ts'
import { inTransactionOnce, onceMore } from '../state/once.ts'
import { rowsOf } from '../state/transaction.ts'
import { createAfterwards } from './afterwards.ts'
import { breakGlass } from './break-glass.ts'
import { addComment, type NewComment } from './comments.ts'
import { createRow } from './create.ts'
import { createDeparted } from './departed.ts'
import { createDue } from './due.ts'
import { HoldError } from './errors.ts'
import type { Hold, Holds, Vote } from './hold.ts'
import { identityKey, type PersonKey } from './identity-key.ts'
import { makeJobs } from './jobs.ts'
import { type Moved, move, type OneMove, recordOutcome, takenBy } from './moves.ts'
import { coversReviewers } from './quorum.ts'
import { asksOrOwns, giveReason } from './reason.ts'
import { review } from './review.ts'
import type { Room } from './room.ts'
import { findHold, HOLD_COLUMNS, type HoldRow, holdsOf, listHolds } from './row.ts'
import { noLongerWaited } from './twin.ts'
import { undoAlike } from './undo-alike.ts'
import { ABANDONED_AFTER_MS } from './unwaited.ts'
import { castVote, notPending } from './vote.ts'
import { Waiting } from './waiting.ts'
import { createPostgresWake } from './wake-postgres.ts'

export interface HoldsOptions extends Room {
  readonly pool: pg.Pool
  readonly queues: Queues
  readonly now?: () => number
  readonly log: Pick<Log, 'warn' | 'error'>
  readonly pollMs?: number
  readonly abandonedAfterMs?: number
  /** Seals example rows; left out: none are kept. */
  readonly seal?: () => Seal
}

/** What the workers and the process that made it need besides. */
export interface KeptHolds extends Holds, AsyncDisposable {
  /** pending or approved → expired, if its time is up. */
  expire(id: string): Promise<boolean>
  /** Whatever the clock wants of it by now: that it expires, is escalated, that people are reminded. */
  due(id: string): Promise<void>
  /** Ends what was asked by who is not let in any more. @returns how many */
  endDeparted(): Promise<number>
  /** Writes down what somebody said about it. @returns false when that was there already, or there is too much */
  comment(comment: NewComment): Promise<boolean>
  /** Ends what this hold's approval allows to others like it (undo-alike.ts). Throws HoldError. */
  undoAlike(id: string, by: PersonKey, via: Vote['via']): Promise<Hold>
}

/**
 * Holds, kept in the state database. Each change is one transaction; only after its commit are jobs made and waiters
 * woken, and the reconciler makes up for a process that dies in between.
 *
 * The one exception to *the rows are enough* is `create`: when the jobs of a new hold cannot be made, nobody would be
 * told of it in time, so the hold is taken back and the statement is refused.
 */
export function createHolds(options: HoldsOptions): KeptHolds {
  const { pool, queues, log } = options
  const now = options.now ?? Date.now
  const { abandonedAfterMs = ABANDONED_AFTER_MS } = options
  const moment = (): Date => new Date(now())
  const wakes = [createPostgresWake(pool, log), ...(queues.wake === null ? [] : [queues.wake])]
  const waiting = new Waiting({
    pool,
    wakes,
    now,
    log,
    expire: async (id) => void (await attempt('expire', id)),
    ...(options.pollMs === undefined ? {} : { pollMs: options.pollMs }),
  })

  const { tell, unmade } = createAfterwards({ queues, wakes, now, log })

  async function attempt(name: OneMove, id: string): Promise<Moved | null> {
    const by = randomUUID()
    const moved = await onceMore(async (which) => {
      const now = await move(pool, name, { id, at: moment(), by })
      // In this order: the first try may be at it still, and the second waits for it.
      return now ?? (which === 'again' ? takenBy(pool, id, by) : null)
    })
    if (moved !== null) tell([moved], [])
    return moved
  }

  async function existing(id: string): Promise<Hold> {
    const hold = await findHold(pool, id)
    if (hold === null) throw new HoldError('not_found', 'There is no such hold')
    return hold
  }

  return {
    find: (id) => findHold(pool, id),
    settled: (id, signal) => waiting.settled(id, signal),
    take: async (id) => (await attempt('take', id)) !== null,
    expire: async (id) => (await attempt('expire', id)) !== null,
    endDeparted: createDeparted({ pool, moment, tell }),
    due: createDue({ pool, moment, tell, expire: (id) => attempt('expire', id) }),
    [Symbol.asyncDispose]: () => waiting[Symbol.asyncDispose](),

    async comment(comment) {
      const notices = await inTransactionOnce(pool, (client) => addComment(client, comment))
      if (notices !== null) tell([], notices)
      return notices !== null
    },

    async create(request, rows = null) {
      const examples = rows === null || options.seal === undefined ? null : { examples: rows, seal: options.seal() }
      const created = await inTransactionOnce(pool, (client) =>
        createRow(client, request, { at: moment(), room: options, abandonedAfterMs, examples }),
      )
      if (created.isNew) {
        await makeJobs(queues, created.row, created.notices, now()).catch(async (cause: unknown) => {
          await attempt('withdraw', created.row.id)
          throw new HoldError('queue_unreachable', 'Nobody can be asked at the moment: the queue does not answer', {
            cause,
          })
        })
      }
      if (!created.isNew) tell([], created.notices)
      return existing(created.row.id)
    },

    list: (filter) => listHolds(pool, filter),

    async vote(id, voter, answer) {
      const counted = await inTransactionOnce(pool, (client) =>
        castVote(client, { hold: id, voter, answer, at: moment() }),
      )
      tell(counted.moved, counted.notices)
      if (counted.refused !== null) throw counted.refused
      return existing(id)
    },

    async withdraw(id, by) {
      const hold = await existing(id)
      if (by !== undefined && !(await asksOrOwns(pool, hold.identity, by))) {
        throw new HoldError('not_yours', 'Only whoever asked can take this request back')
      }
      if ((await attempt('withdraw', id)) !== null) return existing(id)
      const settled = await existing(id)
      if (settled.status === 'withdrawn') return settled
      throw notPending(settled.status)
    },

    async giveReason(id, by, reason) {
      const given = await inTransactionOnce(pool, (client) =>
        giveReason(client, { hold: id, by, reason, at: moment() }),
      )
      tell([], given.notices)
      return existing(id)
    },

    async breakGlass(id, by, { reason, via }) {
      const asked = { hold: id, by, reason, via, at: moment() }
      const broken = await inTransactionOnce(pool, (client) => breakGlass(client, asked))
      tell([broken.moved], broken.notices)
      const dueMs = (await existing(id)).decision.answering?.breakGlass?.reviewMs ?? 0
      queues.scheduleExpiry([{ hold: id, of: 'review', inMs: dueMs }]).catch(unmade)
      return existing(id)
    },

    async review(id, by, { verdict, reason, via }) {
      const said = { hold: id, by, verdict, reason, via, at: moment() }
      tell([], await inTransactionOnce(pool, (client) => review(client, said)))
      return existing(id)
    },

    async undoAlike(hold, by, via) {
      const undone = await inTransactionOnce(pool, (client) => undoAlike(client, { hold, by, via, at: moment() }))
      tell(undone.moved, undone.notices)
      return existing(hold)
    },

    async abandon(id) {
      if ((await attempt('abandon', id)) === null) await noLongerWaited(pool, id)
      return existing(id)
    },

    async grantFor(identity, digest, wanted) {
      const rows = await rowsOf<HoldRow>(
        pool,
        `SELECT ${HOLD_COLUMNS} FROM hold
         WHERE identity = $1 AND digest = $2 AND status = 'approved' AND mode <> 'wait' AND grant_expires_at > $3
         ORDER BY grant_expires_at`,
        [identityKey(identity), digest, moment()],
      )
      return (await holdsOf(pool, rows)).find(({ decision }) => coversReviewers(decision.reviewers, wanted)) ?? null
    },

    async complete(id, outcome) {
      const notices = await recordOutcome(pool, { id, at: moment(), outcome })
      if (notices !== null) return tell([], notices)
      const { status } = await existing(id)
      if (status !== 'executed') throw new HoldError('not_executed', 'This hold was not taken before it was completed')
    },
  }
}
