import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { Command } from 'commander'
import type { Config } from '../../config.ts'
import { mintToken } from './development-tokens.ts'
import { DevelopmentError } from './errors.ts'
import { loadProviderKeys } from './provider-keys.ts'

/** `holdpoint token mint ben`: a token of the development provider, as `start` makes them. */
export function mintCommand(configOf: (command: Command) => Config, now: () => number): Command {
  return new Command('mint')
    .description('print a token of a person or agent of the development identity provider')
    .argument('<name>', 'ana, ben, cleo, or report-bot who acts for ana')
    .option('--scope <scopes>', 'what it is for, e.g. holdpoint:read; left out: all that its bearer may do')
    .action(async (name: string, { scope }: { readonly scope?: string }, self: Command) => {
      const { mode, data, identity } = configOf(self)
      const issuer = identity.providers[0]?.issuer
      // Keys are looked for, never made: there is nothing to sign for where no tree was started.
      if (mode !== 'development' || issuer === undefined || !existsSync(join(data, 'identity', 'keys.json')))
        throw new DevelopmentError('not_development', `No development tree was started on ${data}.`, {
          hint: 'Start one with npm start, or name its data folder with --data',
        })
      const keys = await loadProviderKeys(data)
      process.stdout.write(
        `${await mintToken(name, { issuer, keys, now, ...(scope === undefined ? {} : { scope }) })}\n`,
      )
    })
}
