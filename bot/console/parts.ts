import type { Pool } from 'pg'
import type { Config } from '../../config.ts'
import type { Log } from '../../log.ts'
import type { Identity, Principal } from '../../policies/input.ts'
import type { Holds } from '../../workflows/holds/hold.ts'

/** What the console is built from; the command line makes these and passes them in. */
export interface ConsoleParts {
  readonly config: Config
  readonly holds: Holds
  readonly directory: People
  readonly pool: Pool
  /** @throws HoldpointError with a sentence that the bearer may read */
  authenticateToken(token: string): Promise<Identity>
  /** Calls back with a hold's id whenever the hold changes; returns how to stop. */
  subscribe(listener: (holdId: string) => void): () => void
  readonly slackLinks?: SlackLinks
  /** Seals sign-ins under way; at least 32 characters, the same in every replica. */
  readonly sessionSecret: string
  readonly log: Log
  readonly now: () => number
}

/** The part of the directory that the console needs. */
export interface People {
  person(issuer: string, subject: string): Promise<(Principal & { readonly active: boolean }) | null>
  upsert(person: Principal): Promise<unknown>
}

/** Links that a Slack user asked for and a signed-in person confirms. */
export interface SlackLinks {
  /** null when the code is unknown, used or too old. */
  find(code: string): Promise<{ readonly teamId: string; readonly userId: string; readonly userName: string } | null>
  /** Links and uses the code up, at once. @returns false when the code was no longer good */
  confirm(code: string, person: { readonly issuer: string; readonly subject: string }): Promise<boolean>
}
