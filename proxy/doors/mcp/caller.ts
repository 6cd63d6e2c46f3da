import { setTimeout as delay } from 'node:timers/promises'
import type { Pool } from 'pg'
import type { Config } from '../../../config.ts'
import type { Identity } from '../../../policies/input.ts'
import { assertIsFor } from '../../../policies/scopes.ts'
import { type AskedFilter, holdAskedBy, holdsAskedBy } from '../../../workflows/holds/asked-by.ts'
import type { Hold, Holds } from '../../../workflows/holds/hold.ts'
import type { DeferredRuns } from '../../../workflows/results/deferred-runs.ts'
import { ResultError } from '../../../workflows/results/errors.ts'
import { findTarget } from '../../identity/targets.ts'
import type { Answer, Completed, Denied, Failed } from '../answer.ts'
import type { RunStatement } from '../run-statement.ts'
import type { NoResult } from './tool-result.ts'

/** What one caller can do by MCP: ask, and look after what they asked. Nothing here answers a hold. */
export interface CallerParts {
  readonly ask: RunStatement
  readonly holds: Holds
  readonly pool: Pool
  readonly runs: DeferredRuns
  readonly config: Pick<Config, 'targets' | 'doors'>
}

export interface CallerRequest {
  readonly identity: Identity
  readonly address: string
  readonly application: string
  readonly signal: AbortSignal
}

export interface Query {
  readonly sql: string
  readonly target?: string | undefined
  readonly parameters?: readonly (string | null)[]
  readonly reason?: string | undefined
  readonly breakGlass?: string | undefined
  readonly maxRows?: number | undefined
}

export class Caller {
  readonly #parts: CallerParts
  readonly #request: CallerRequest

  constructor(parts: CallerParts, request: CallerRequest) {
    this.#parts = parts
    this.#request = request
  }

  /** @throws AuthenticationError unknown_target */
  query({ sql, target, parameters = [], reason, breakGlass, maxRows }: Query): Promise<Answer> {
    const { targets, doors } = this.#parts.config
    const [only] = targets
    return this.#parts.ask({
      ...this.#request,
      target:
        target === undefined && only !== undefined && targets.length === 1 ? only : findTarget(target ?? '', targets),
      door: 'mcp',
      sql,
      parameters,
      reason: reason ?? null,
      breakGlass: breakGlass ?? null,
      onHold: 'defer',
      rowsMax: Math.min(maxRows ?? doors.rowsMax, doors.rowsMax),
      bytesMax: doors.resultBytesMax,
    })
  }

  find(id: string): Promise<Hold | null> {
    return holdAskedBy(this.#parts.pool, this.#request.identity, id)
  }

  list(filter: AskedFilter): ReturnType<typeof holdsAskedBy> {
    return holdsAskedBy(this.#parts.pool, this.#request.identity, filter)
  }

  async withdraw(id: string): Promise<Hold> {
    assertIsFor(this.#request.identity, 'holdpoint:run')
    return this.#parts.holds.withdraw(id, this.#request.identity)
  }

  async giveReason(id: string, reason: string): Promise<Hold> {
    assertIsFor(this.#request.identity, 'holdpoint:run')
    return this.#parts.holds.giveReason(id, this.#request.identity, reason)
  }

  /** The hold when it has an outcome, or as it is when the time is over. */
  async wait(hold: Hold, waitMs: number): Promise<Hold> {
    const end = AbortSignal.any([AbortSignal.timeout(waitMs), this.#request.signal])
    let now = hold
    if (now.status === 'pending') now = await this.#parts.holds.settled(hold.id, end).catch(() => now)
    while (!end.aborted && (await this.#underWay(now))) {
      await delay(RESULT_POLL_MS, undefined, { signal: end }).catch(() => undefined)
      now = (await this.find(hold.id)) ?? now
    }
    return (await this.find(hold.id)) ?? now
  }

  async #underWay(hold: Hold): Promise<boolean> {
    const { id, status } = hold
    if (status !== 'approved' && status !== 'executed') return false
    if (runsWhereItWaits(hold)) return true
    const state = (await this.#parts.runs.standings([id])).get(id)?.state
    return state === 'waiting' || state === 'running'
  }

  /** How it ended; a result that is kept is handed out by this, and by nothing after it. null: it has not ended. */
  async outcome(hold: Hold): Promise<Completed | Denied | Failed | NoResult | null> {
    if (hold.status === 'pending') return null
    if (hold.status !== 'approved' && hold.status !== 'executed') return { kind: 'no_result', message: settled(hold) }
    if (runsWhereItWaits(hold)) return null
    try {
      return JSON.parse(await this.#parts.runs.fetch(hold.id)) as Completed | Denied | Failed
    } catch (error) {
      if (!(error instanceof ResultError)) throw error
      if (error.code === 'result_pending') return null
      if (error.code !== 'no_result') return { kind: 'no_result', message: error.message }
      return { kind: 'no_result', message: notDeferred(hold) }
    }
  }
}

const RESULT_POLL_MS = 250

/** A connection waits for it, and nobody else may use its approval: it is about to run there. */
function runsWhereItWaits({ mode, status }: Hold): boolean {
  return mode === 'wait' && status === 'approved'
}

function settled({ status, votes }: Hold): string {
  const vote = votes.findLast(({ choice }) => choice === 'reject')
  if (status !== 'rejected' || vote === undefined) return `It was not run: it was ${status}.`
  return `It was rejected by ${vote.voter.name}${vote.reason === null ? '' : `: ${vote.reason}`}`
}

function notDeferred({ status, grantExpiresAt, outcome }: Hold): string {
  if (status === 'approved') return `It is approved until ${grantExpiresAt}. Send the same statement again to run it.`
  return `It was run where it was asked for${outcome === null ? '' : ` (${outcome.tag})`}; its result went there.`
}
