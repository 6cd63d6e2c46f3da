import type { Config } from '../../config.ts'
import type { Log } from '../../log.ts'
import type { Workflows } from '../../workflows/workflows.ts'
import { type Authenticator, createAuthenticator } from './authenticate.ts'

export interface TokenVerifierOptions {
  readonly config: Pick<Config, 'identity' | 'targets'>
  readonly workflows: Pick<Workflows, 'directory' | 'serviceTokens'>
  readonly log: Log
  readonly now: () => number
}

/** The same proof over HTTP as on the wire. */
export function tokenVerifier({
  config,
  workflows,
  ...rest
}: TokenVerifierOptions): Authenticator['authenticateToken'] {
  const { directory, serviceTokens } = workflows
  const { identity, targets } = config
  return createAuthenticator({ ...identity, targets, directory, serviceTokens, ...rest }).authenticateToken
}
