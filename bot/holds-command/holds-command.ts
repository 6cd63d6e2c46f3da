import { Command, Option } from 'commander'
import { holdStatus } from '../console/schemas.ts'
import { type ConsoleClient, consoleClient } from './console-client.ts'
import { HoldsCommandError } from './errors.ts'
import { answeredText, holdsTable, holdText } from './hold-text.ts'

/**
 * `holdpoint holds list|show|approve|reject|withdraw`, over the console's API.
 *
 * Exit statuses: 0 done · 1 could not be asked · 2 wrong usage · 3 you may not · 4 no such hold · 5 decided already.
 */
export interface HoldsSurroundings {
  /** HOLDPOINT_TOKEN */
  readonly token: string | undefined
  /** Where the console of the chosen data folder or configuration listens; undefined when there is none. */
  consoleUrl(options: HoldsOptions): string | undefined
  /** To standard output. */
  write(text: string): void
  readonly now: () => number
}

export interface HoldsOptions {
  /** The program’s own options. */
  readonly data?: string
  readonly config?: string
  readonly url?: string
  readonly json?: boolean
}

export function holdsCommand(surroundings: HoldsSurroundings): Command {
  const { write, now } = surroundings
  const command = new Command('holds').description('list, show and answer statements that wait for people')
  const say = (options: HoldsOptions, value: unknown, text: string): void =>
    write(options.json === true ? `${JSON.stringify(value)}\n` : text)

  subcommand(command, 'list')
    .description('what waits, newest first')
    .addOption(
      new Option('--status <status>', 'which ones')
        .choices([...holdStatus.options, 'decided', 'all'])
        .default('pending'),
    )
    .addOption(new Option('--limit <n>', 'how many at most').argParser(countOf).default(50))
    .action(async (_given: object, self: Command) => {
      const options = self.optsWithGlobals<HoldsOptions & { readonly status: string; readonly limit: number }>()
      const status = options.status === 'all' ? undefined : options.status
      const holds = await clientOf(options, surroundings).list({ status, limit: options.limit })
      say(options, holds, holdsTable(holds, now()))
    })

  subcommand(command, 'show <hold>')
    .description('everything about one')
    .action(async (id: string, _given: object, self: Command) => {
      const options = self.optsWithGlobals<HoldsOptions>()
      const hold = await clientOf(options, surroundings).show(id)
      say(options, hold, holdText(hold, now()))
    })

  for (const choice of ['approve', 'reject'] as const) {
    subcommand(command, `${choice} <hold>`)
      .description(choice === 'approve' ? 'let it run, once' : 'refuse it, with a reason')
      .addOption(reasonOption(choice))
      .action(async (id: string, _given: object, self: Command) => {
        const options = self.optsWithGlobals<HoldsOptions & { readonly reason?: string }>()
        const hold = await clientOf(options, surroundings).vote(id, choice, options.reason ?? null)
        say(options, hold, answeredText(hold))
      })
  }

  subcommand(command, 'withdraw <hold>')
    .description('take your own back')
    .action(async (id: string, _given: object, self: Command) => {
      const options = self.optsWithGlobals<HoldsOptions>()
      const hold = await clientOf(options, surroundings).withdraw(id)
      say(options, hold, answeredText(hold))
    })
  return command
}

function subcommand(parent: Command, usage: string): Command {
  return parent
    .command(usage)
    .option('--url <url>', 'the console’s address; found in the data folder when left out')
    .option('--json', 'one line of JSON')
}

function reasonOption(choice: 'approve' | 'reject'): Option {
  const option = new Option('-m, --reason <text>', 'said to who asked, and recorded')
  return choice === 'reject' ? option.makeOptionMandatory() : option
}

function countOf(text: string): number {
  return Math.min(500, Math.max(1, Number.parseInt(text, 10) || 1))
}

function clientOf(options: HoldsOptions, { token, consoleUrl }: HoldsSurroundings): ConsoleClient {
  if (token === undefined || token === '')
    throw new HoldsCommandError('no_token', 'Nobody knows who you are: HOLDPOINT_TOKEN is not set', {
      exitStatus: 3,
      hint: 'export HOLDPOINT_TOKEN=… with a token of your identity provider; holdpoint start prints some in development',
    })
  const url = options.url ?? consoleUrl(options)
  if (url === undefined || !URL.canParse(url))
    throw new HoldsCommandError('no_console', 'It is not known where the console listens', {
      exitStatus: 1,
      hint: 'Name its address with --url, or the data folder of a running Holdpoint with --data',
    })
  return consoleClient(url, token)
}
