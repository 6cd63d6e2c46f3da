import { performance } from 'node:perf_hooks'
import type { TargetConfig } from '../../config.ts'
import type { Identity } from '../../policies/input.ts'
import type { Framer } from '../wire/framer.ts'
import { addressOf } from './admission.ts'
import { Approvals } from './approvals.ts'
import { Binding } from './binding.ts'
import type { ClientSocket, InnerClient } from './client-socket.ts'
import type { SessionContext } from './context.ts'
import type { SessionDependencies } from './dependencies.ts'
import type { SessionError } from './errors.ts'
import { Exchange } from './exchange.ts'
import { Executing } from './executing.ts'
import { Outbox } from './outbox.ts'
import { Preparing } from './preparing.ts'
import { Recorder } from './recorder.ts'
import { Refusals } from './refusals.ts'
import { ReplyPump } from './reply-pump.ts'
import { Requests } from './requests.ts'
import { RunLimits } from './run-limits.ts'
import { Said } from './said.ts'
import type { SessionCatalog } from './session-start.ts'
import { SessionState } from './session-state.ts'
import { SimpleQuery } from './simple-query.ts'
import { Unconfirmed } from './unconfirmed.ts'
import type { Upstream } from './upstream/connect.ts'
import type { StartupSettings } from './upstream/settings.ts'
import { UpstreamSender } from './upstream-sender.ts'

/** What a session is made for. */
export interface SessionParts {
  readonly client: ClientSocket
  /** Goes on where startup stopped reading. */
  readonly fromClient: Framer
  readonly upstream: Upstream
  readonly identity: Identity
  readonly target: TargetConfig
  readonly settings: StartupSettings
  /** null: a client on the wire. */
  readonly inner: InnerClient | null
}

/** What its inner parts tell the session. */
export interface SessionHooks {
  readonly id: string
  readonly signal: AbortSignal
  readonly flushClient: () => void
  readonly readClient: () => void
  /** The client said goodbye. */
  readonly terminated: () => void
  readonly failed: (error: SessionError) => void
  /** Resolves when the server has taken it. */
  readonly cancelRunning: () => Promise<void>
}

export interface Assembled {
  readonly context: SessionContext
  readonly approvals: Approvals
  readonly requests: Requests
  readonly replies: ReplyPump
}

/** Puts one session together. */
export function assemble(parts: SessionParts, dependencies: SessionDependencies, hooks: SessionHooks): Assembled {
  const context = contextOf(parts, dependencies, hooks)
  const approvals = approvalsOf(context, parts, dependencies)
  const refusals = new Refusals(context)
  const preparing = new Preparing(context, refusals)
  const requests = new Requests(context, {
    refusals,
    preparing,
    simple: new SimpleQuery(context, approvals, refusals),
    binding: new Binding(context, { approvals, refusals, preparing }),
    executing: new Executing(context, refusals),
    terminated: hooks.terminated,
  })
  return { context, approvals, requests, replies: new ReplyPump(context) }
}

function contextOf(parts: SessionParts, dependencies: SessionDependencies, hooks: SessionHooks): SessionContext {
  const { client, fromClient, upstream, target } = parts
  const { trail, holds, gate, createRowMasker, catalogOf, log } = dependencies
  const { id, signal, flushClient, readClient, failed } = hooks
  const catalog = catalogOf(target)
  const state = stateOf(parts, catalog)
  const context: SessionContext = {
    id,
    stopping: null,
    get limits() {
      return limits
    },
    get unconfirmed() {
      return unconfirmed
    },
    gate,
    signal,
    fromClient,
    flushClient,
    readClient,
    fromUpstream: upstream.framer,
    toClient: new Outbox(),
    turn: 0,
    exchange: new Exchange(),
    watch: parts.inner?.watch ?? null,
    guard: { createRowMasker, columnLabels: (oid, attribute) => state.labelsOf(oid, attribute) },
    state,
    recorder: new Recorder({
      session: id,
      trail,
      holds,
      watch: parts.inner?.watch ?? null,
      clock: () => performance.now(),
      lost: (err) => log.error({ err, session: id }, 'the outcome of an approved statement could not be kept'),
    }),
    upstream: new UpstreamSender({ socket: upstream.socket, trail, signal, choked: () => client.pause(), failed }),
  }
  const limits = new RunLimits(context, hooks.cancelRunning)
  const unconfirmed = new Unconfirmed(context)
  return context
}

function stateOf({ identity, target, settings, upstream, inner }: SessionParts, catalog: SessionCatalog): SessionState {
  return new SessionState({
    identity,
    catalog,
    target: { name: target.name, environment: target.environment, database: target.database },
    application: upstream.settings.get('application_name') ?? settings.application,
    role: target.user,
    door: inner?.door ?? 'postgres',
    searchPath: upstream.settings.get('search_path') ?? null,
    said: new Said(settings),
  })
}

function approvalsOf(context: SessionContext, parts: SessionParts, dependencies: SessionDependencies): Approvals {
  const { config, holds, statusUrl, foresee, locksOf, log } = dependencies
  const backendPid = parts.upstream.key.readInt32BE(0)
  return new Approvals(context, {
    holds,
    statusUrl,
    locks: () => locksOf(backendPid, parts.target),
    foresee: (judgements, bound, view) => foresee(judgements, bound, view, parts.target),
    client: parts.inner?.address ?? addressOf(parts.client),
    approvedBy: parts.inner?.approvedBy ?? null,
    look: (urgency) => dependencies.catalogOf(parts.target).look(urgency),
    inTransactionMs: config.holds.inTransactionMs,
    unavailable: (err) => log.error({ err, session: context.id }, 'an approval could not be asked for'),
  })
}
