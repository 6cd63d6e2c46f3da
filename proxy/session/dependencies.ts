import type { Config, TargetConfig } from '../../config.ts'
import type { Log } from '../../log.ts'
import type { Identity } from '../../policies/input.ts'
import type { HeldLock } from '../../workflows/holds/consequences.ts'
import type { Holds } from '../../workflows/holds/hold.ts'
import type { Trail } from '../../workflows/trail/trail.ts'
import type { BoundParameters, Gate, Judgement } from '../gate.ts'
import type { Foresight } from '../preview/foresee.ts'
import type { SideView } from '../preview/side-lane.ts'
import type { CreateRowMasker } from './row-guard.ts'
import type { SessionCatalog } from './session-start.ts'

export interface Credential {
  readonly user: string
  readonly password: string
  readonly database: string
  /** The client's address. */
  readonly client: string
  readonly tls: boolean
}

/** @throws an error whose code says how it ends: bad_credential, wrong_user, insufficient_scope, unknown_target; its message is for the client */
export type Authenticate = (
  credential: Credential,
) => Promise<{ readonly identity: Identity; readonly target: TargetConfig }>

/** Everything sessions need from other rooms. */
export interface SessionDependencies {
  readonly gate: Gate
  readonly holds: Holds
  readonly trail: Trail
  readonly authenticate: Authenticate
  readonly config: Pick<Config, 'proxy' | 'holds'>
  readonly log: Pick<Log, 'info' | 'warn' | 'error'>
  /** A CancelRequest with a key that is not ours: another process may know it. */
  readonly cancelElsewhere: (key: Buffer) => void
  /** Where people see a hold. */
  readonly statusUrl: (hold: string) => string
  readonly catalogOf: (target: TargetConfig) => SessionCatalog
  readonly foresee: (
    judgements: readonly Judgement[],
    bound: BoundParameters,
    view: SideView,
    target: TargetConfig,
  ) => Promise<Foresight>
  /** What the transaction of a server process has locked. Never rejects. */
  readonly locksOf: (backendPid: number, target: TargetConfig) => Promise<readonly HeldLock[]>
  readonly createRowMasker: CreateRowMasker
  /** Milliseconds since 1970; when credentials expire. */
  readonly now: () => number
}
