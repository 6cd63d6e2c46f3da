import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { type Command, Option } from 'commander'
import { type Config, loadConfig } from './config.ts'
import { HoldpointError } from './errors.ts'

/** What every command has in common: a few options, one way to find its configuration, one way to fail. */
export interface CommonOptions {
  readonly data?: string
  readonly config?: string
  readonly debug?: boolean
}

export type Environment = Readonly<Record<string, string | undefined>>

/** On the program itself, so that they may stand before and after a command's name; see `optsWithGlobals`. */
export function withCommonOptions(program: Command): Command {
  return program
    .addOption(new Option('--data <dir>', 'the data folder').env('HOLDPOINT_DATA').default(undefined, '.holdpoint'))
    .addOption(new Option('--config <file>', 'configuration, YAML or JSON').env('HOLDPOINT_CONFIG'))
    .addOption(new Option('--debug', 'say more, and show where an error came from'))
}

/** The file that was named; else the one that `start` keeps in the data folder, so that commands find a running tree. */
export function configFile(options: CommonOptions): string | undefined {
  if (options.config !== undefined) return options.config
  const kept = join(resolve(options.data ?? '.holdpoint'), 'config.json')
  return existsSync(kept) ? kept : undefined
}

/** @throws ConfigError */
export function configOf(
  options: CommonOptions,
  env: Environment,
  overrides: Readonly<Record<string, unknown>> = {},
): Config {
  const given = {
    data: options.data,
    'log.level': options.debug === true ? 'debug' : undefined,
    ...overrides,
  }
  return loadConfig(env, given, configFile(options))
}

/** An error as people read it on stderr: a sentence, and what to do. Where it came from only when asked. */
export function describe(error: unknown, debug: boolean): string {
  if (!(error instanceof HoldpointError)) {
    const what = error instanceof Error ? error.message : String(error)
    const trace =
      debug && error instanceof Error ? `\n${error.stack}` : '\n  → Run again with --debug to see where it came from'
    return `holdpoint: unexpected: ${what}${trace}\n`
  }
  const hint = error.hint === undefined ? '' : `\n  → ${error.hint}`
  return `holdpoint: ${error.message}${hint}${debug ? `\n${error.stack}` : ''}\n`
}
