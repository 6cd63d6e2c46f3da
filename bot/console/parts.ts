import type { Pool } from 'pg'
import type { Config } from '../../config.ts'
import type { Log } from '../../log.ts'
import type { Identity } from '../../policies/input.ts'
import type { Directory } from '../../workflows/directory/directory.ts'
import type { ExamplesAsked, ShownExamples } from '../../workflows/holds/examples.ts'
import type { Holds } from '../../workflows/holds/hold.ts'
import type { KeptHolds } from '../../workflows/holds/holds.ts'

/** What the console is built from; the command line makes these and passes them in. */
export interface ConsoleParts {
  readonly config: Config
  readonly holds: Holds & Pick<KeptHolds, 'undoAlike'>
  readonly directory: Pick<Directory, 'person' | 'upsert'>
  readonly pool: Pool
  /** @throws HoldpointError with a sentence that the bearer may read */
  authenticateToken(token: string, from: string): Promise<Identity>
  readonly slackLinks?: SlackLinks
  /** Which of a hold's example rows somebody may see; left out: nobody sees any here. Never rejects. */
  readonly examplesFor?: (asked: ExamplesAsked) => Promise<ShownExamples>
  readonly log: Log
  readonly now: () => number
}

/** Links that a Slack user asked for and a signed-in person confirms. */
export interface SlackLinks {
  /** null when the code is unknown, used or too old. */
  find(code: string): Promise<{ readonly teamId: string; readonly userId: string; readonly userName: string } | null>
  /** Links and uses the code up, at once. @returns false when the code was no longer good */
  confirm(code: string, person: { readonly issuer: string; readonly subject: string }): Promise<boolean>
}
