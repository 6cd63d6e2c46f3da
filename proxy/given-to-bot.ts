import type { Environment } from '../command-line.ts'
import type { Config } from '../config.ts'
import type { Log } from '../log.ts'
import type { Workflows } from '../workflows/workflows.ts'
import type { Authenticator } from './identity/authenticate.ts'
import { tokenVerifier } from './identity/token-verifier.ts'
import { type OwnReadings, openOwnReadings } from './open-own-readings.ts'

export interface GivenToBotOptions {
  readonly config: Config
  readonly workflows: Workflows
  readonly env: Environment
  readonly log: Log
  readonly now: () => number
}

/** What the bot has of the proxy, by the hands of the command line: who shows a token, and what they may see of rows. */
export interface GivenToBot extends OwnReadings {
  readonly authenticateToken: Authenticator['authenticateToken']
}

export function givenToBot(options: GivenToBotOptions): GivenToBot {
  const readings = openOwnReadings({ ...options, pool: options.workflows.pool })
  return { ...readings, authenticateToken: tokenVerifier(options) }
}
