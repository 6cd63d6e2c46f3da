#!/usr/bin/env node
import { Command } from 'commander'
import { configOf, describe } from './command-line.ts'
import { loadConfig } from './config.ts'
import { startCommand } from './workflows/development/start-command.ts'

/**
 * The command line. It is the only place that knows every room: it constructs what they need of each other and passes
 * it in. Rooms are imported when their command runs, so that `--help` is quick.
 */
const env = process.env

const program = new Command('holdpoint')
  .description('An identity-aware proxy in front of PostgreSQL that judges, holds, masks and records every statement')
  .version('0.1.0')
  .showHelpAfterError('(holdpoint --help says more)')

program.addCommand(
  startCommand({
    // Its own earlier config.json is what a start makes, never what it is given.
    given: (options) => loadConfig(env, { data: options.data }, options.config),
    parts: {
      preparePolicies: async () => undefined,
      openOffice: async () => ({
        meetPerson: async () => undefined,
        serviceToken: async () => 'none-yet',
        close: async () => undefined,
      }),
      startProxies: async () => ({ close: async () => undefined }),
    },
  }),
)

try {
  await program.parseAsync()
} catch (error) {
  process.stderr.write(describe(error, process.argv.includes('--debug')))
  process.exitCode = 1
}
void configOf
