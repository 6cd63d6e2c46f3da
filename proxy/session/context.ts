import type { Gate } from '../gate.ts'
import type { Framer } from '../wire/framer.ts'
import type { StatementWatch } from './client-socket.ts'
import type { Exchange } from './exchange.ts'
import type { Outbox } from './outbox.ts'
import type { Recorder } from './recorder.ts'
import type { GuardOptions } from './row-guard.ts'
import type { RunLimits } from './run-limits.ts'
import type { SessionState } from './session-state.ts'
import type { Unconfirmed } from './unconfirmed.ts'
import type { UpstreamSender } from './upstream-sender.ts'

/** What both directions of one session share. */
export interface SessionContext {
  readonly id: string
  readonly gate: Gate
  readonly state: SessionState
  readonly exchange: Exchange
  readonly recorder: Recorder
  readonly guard: GuardOptions
  readonly limits: RunLimits
  readonly unconfirmed: Unconfirmed
  readonly upstream: UpstreamSender
  /** Told of what is refused; null on the wire. */
  readonly watch: StatementWatch | null
  readonly fromClient: Framer
  readonly fromUpstream: Framer
  readonly toClient: Outbox
  /** Writes what is collected for the client. */
  readonly flushClient: () => void
  /** Reads on from a client that was not read while something else was waited for. */
  readonly readClient: () => void
  /** Aborted when the session ends. */
  readonly signal: AbortSignal
  /** Moves on whenever something may have changed on which a judgement rests. */
  turn: number
  /** A cancel of ours is on its way to the server: nothing is sent that it could hit by mistake. */
  stopping: Promise<void> | null
}
