import type pg from 'pg'
import type { HoldStatus } from '../holds/hold.ts'
import { writeTrail } from '../outbox/outbox.ts'
import { inTransaction, rowsOf } from '../state/transaction.ts'
import { ResultError } from './errors.ts'
import type { Seal } from './seal.ts'

/**
 * What is deferred, and its result.
 *
 *   waiting ──start (once)──▶ started ──end──▶ ended: the result is kept, fetched once, or let go when its time is over
 *      └──not run──▶ not_run      └──nobody lived to end it──▶ not_run, and why says so
 *
 * Whoever starts it is the only one ever to: a run that was lost is not tried again by anybody but its asker.
 */
export interface DeferredStatement {
  readonly sql: string
  readonly parameters: readonly (string | null)[]
  readonly rowsMax: number
  readonly door: 'http' | 'mcp'
  readonly application: string
  /** Until when the credential is good that it was last asked with. */
  readonly provenUntil: string
}

/** Why there is no result of it. */
export const RUN_BY_ASKER = 'It was run by sending it again.'

export type RunState = 'none' | 'waiting' | 'running' | 'ready' | 'fetched' | 'gone' | 'not_run'

export interface RunStanding {
  readonly state: RunState
  /** Why it was not run; null otherwise. */
  readonly why: string | null
}

export interface DeferredRuns {
  /** Keeps what is needed to run it once it is approved; as it was last asked for, until it is started. */
  remember(hold: string, statement: DeferredStatement): Promise<void>
  /** The statement, for the one caller that may run it now; null for every other. */
  start(hold: string): Promise<DeferredStatement | null>
  /** @param result as JSON; the asker is who may read it */
  end(hold: string, result: string): Promise<void>
  notRun(hold: string, why: string): Promise<void>
  standings(holds: readonly string[]): Promise<ReadonlyMap<string, RunStanding>>
  /** Once. @throws ResultError result_pending, result_gone, not_run, no_result, other_key */
  fetch(hold: string): Promise<string>
}

interface Row {
  readonly hold: string
  readonly state: 'waiting' | 'started' | 'ended' | 'not_run'
  readonly why: string | null
  readonly kept: boolean
  readonly fetched_at: Date | null
  /** The hold's. */
  readonly status: HoldStatus
}

export interface DeferredRunsOptions {
  readonly pool: pg.Pool
  readonly seal: Seal
  readonly keptMs: number
  readonly now: () => number
}

export function createDeferredRuns({ pool, seal, keptMs, now }: DeferredRunsOptions): DeferredRuns {
  const at = (): Date => new Date(now())
  return {
    async remember(hold, statement) {
      const sealed = seal.close(JSON.stringify(statement), hold, 'statement')
      await rowsOf(
        pool,
        `INSERT INTO deferred_run (hold, state, key_id, statement, created_at) VALUES ($1, 'waiting', $2, $3, $4)
         ON CONFLICT (hold) DO UPDATE SET key_id = $2, statement = $3 WHERE deferred_run.state = 'waiting'`,
        [hold, seal.keyId, sealed, at()],
      )
    },

    async start(hold) {
      const [row] = await rowsOf<{ key_id: string; statement: Buffer }>(
        pool,
        `WITH mine AS (SELECT hold, key_id, statement FROM deferred_run WHERE hold = $1 AND state = 'waiting' FOR UPDATE)
         UPDATE deferred_run AS run SET state = 'started', started_at = $2, statement = NULL
         FROM mine WHERE run.hold = mine.hold RETURNING mine.key_id, mine.statement`,
        [hold, at()],
      )
      if (row === undefined) return null
      return JSON.parse(seal.open(row.statement, row.key_id, hold, 'statement')) as DeferredStatement
    },

    async end(hold, result) {
      const keptUntil = new Date(now() + keptMs)
      await rowsOf(
        pool,
        `UPDATE deferred_run SET state = 'ended', ended_at = $2, key_id = $3, result = $4, kept_until = $5
         WHERE hold = $1 AND state = 'started'`,
        [hold, at(), seal.keyId, seal.close(result, hold, 'result'), keptUntil],
      )
    },

    notRun: (hold, why) =>
      inTransaction(pool, async (client) => {
        const rows = await rowsOf(
          client,
          `UPDATE deferred_run SET state = 'not_run', why = $2, ended_at = $3, statement = NULL
           WHERE hold = $1 AND state IN ('waiting', 'started') RETURNING hold`,
          [hold, why, at()],
        )
        if (rows.length > 0) await writeTrail(client, at(), 'result.none', { hold, why })
      }),

    async standings(holds) {
      const rows = await rowsOf<Row>(
        pool,
        `SELECT run.hold, state, why, result IS NOT NULL AND kept_until > $2 AS kept, fetched_at, status
         FROM deferred_run AS run JOIN hold ON hold.id = run.hold WHERE run.hold = ANY($1)`,
        [[...holds], at()],
      )
      return new Map(rows.map((row) => [row.hold, standingOf(row)]))
    },

    async fetch(hold) {
      const taken = await take(pool, hold, at())
      if (taken !== null) return seal.open(taken.result, taken.key_id, hold, 'result')
      const standing = (await this.standings([hold])).get(hold)
      // It ended just after we looked for its result.
      if (standing?.state === 'ready') return this.fetch(hold)
      throw noResult(standing)
    },
  }
}

function take(pool: pg.Pool, hold: string, at: Date): Promise<{ result: Buffer; key_id: string } | null> {
  return inTransaction(pool, async (client) => {
    const [row] = await rowsOf<{ result: Buffer; key_id: string }>(
      client,
      `WITH mine AS (SELECT hold, result, key_id FROM deferred_run
                     WHERE hold = $1 AND result IS NOT NULL AND fetched_at IS NULL AND kept_until > $2 FOR UPDATE)
       UPDATE deferred_run AS run SET fetched_at = $2, result = NULL
       FROM mine WHERE run.hold = mine.hold RETURNING mine.result, mine.key_id`,
      [hold, at],
    )
    if (row === undefined) return null
    await writeTrail(client, at, 'result.fetched', { hold })
    return row
  })
}

/**
 * What a round of the worker will write a moment later is said at once. Whoever runs what is deferred starts it before
 * its approval is taken: where it still waits, the approval was used by its asker, at whichever door.
 */
function standingOf(row: Row): RunStanding {
  const { state, status } = row
  if (state !== 'waiting' || status === 'pending' || status === 'approved') return { state: stateOf(row), why: row.why }
  return { state: 'not_run', why: status === 'executed' ? RUN_BY_ASKER : `It was ${status}.` }
}

function stateOf({ state, kept, fetched_at }: Row): RunState {
  if (state === 'ended') return fetched_at !== null ? 'fetched' : kept ? 'ready' : 'gone'
  return state === 'started' ? 'running' : state
}

function noResult(standing: RunStanding | undefined): ResultError {
  switch (standing?.state) {
    case undefined:
    case 'none':
      return new ResultError('no_result', 'Nothing is kept for this hold: it was not deferred')
    case 'fetched':
      return new ResultError('result_gone', 'The result has been fetched; it is given out once')
    case 'gone':
      return new ResultError('result_gone', 'The result was not fetched in time and is no longer kept')
    case 'not_run':
      return new ResultError('not_run', standing.why ?? 'It was not run')
    default:
      return new ResultError('result_pending', 'There is no result yet')
  }
}
