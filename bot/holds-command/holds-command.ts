import { Command, InvalidArgumentError, Option } from 'commander'
import { type HoldView, holdStatus } from '../console/schemas.ts'
import { type ConsoleClient, consoleClient } from './console-client.ts'
import { addDelegationCommands } from './delegation-commands.ts'
import { HoldsCommandError } from './errors.ts'
import { answeredText, holdsTable, holdText } from './hold-text.ts'

/**
 * `holdpoint holds list|show|approve|reject|withdraw|reason|break-glass|review`, over the console's API, and who answers
 * for whom (delegation-commands.ts).
 *
 * Exit statuses: 0 done · 1 could not be asked · 2 wrong usage, or something missing in what was said · 3 you may not · 4 no such hold · 5 decided already.
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

const MORE = 'There are more; --limit says how many to list.\n'

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
      const { holds, more } = await clientOf(options, surroundings).list({ status, limit: options.limit })
      say(options, holds, `${holdsTable(holds, now())}${more ? MORE : ''}`)
    })

  subcommand(command, 'show <hold>')
    .description('everything about one')
    .option('--alike', 'with all that waits and differs in constants only, each whole')
    .action(async (id: string, _given: object, self: Command) => {
      const options = self.optsWithGlobals<HoldsOptions & { readonly alike?: boolean }>()
      const client = clientOf(options, surroundings)
      const hold = await client.show(id)
      const examples = await client.examples(hold)
      const alike = options.alike === true ? await client.alike(id) : null
      const whole = { ...hold, examples, ...(alike === null ? {} : { alikeWaiting: alike }) }
      say(options, whole, holdText(hold, { now: now(), examples, alike }))
    })

  for (const choice of ['approve', 'reject'] as const) {
    subcommand(command, `${choice} <hold>`)
      .description(choice === 'approve' ? 'let it run, once' : 'refuse it, with a reason')
      .addOption(reasonOption(choice))
      .addOption(alikeOption(choice))
      .action(async (id: string, _given: object, self: Command) => {
        const options = self.optsWithGlobals<HoldsOptions & { readonly reason?: string; readonly alike?: boolean }>()
        const answer = { choice, reason: options.reason ?? null, alike: options.alike === true }
        const hold = await clientOf(options, surroundings).vote(id, answer)
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

  for (const [name, description, act] of said) {
    subcommand(command, `${name} <hold>`)
      .description(description)
      .requiredOption('-m, --reason <text>', 'why; recorded, and shown to reviewers')
      .action(async (id: string, _given: object, self: Command) => {
        const options = self.optsWithGlobals<HoldsOptions & { readonly reason: string }>()
        const hold = await act(clientOf(options, surroundings), id, options.reason)
        say(options, hold, answeredText(hold))
      })
  }

  subcommand(command, 'review <hold>')
    .description('say what you think of what was run by breaking the glass')
    .option('--disputed', 'it should not have been; say why with --reason')
    .option('-m, --reason <text>', 'recorded, and said to who ran it')
    .action(async (id: string, _given: object, self: Command) => {
      const options = self.optsWithGlobals<HoldsOptions & { readonly reason?: string; readonly disputed?: boolean }>()
      const verdict = options.disputed === true ? 'disputed' : 'reviewed'
      const hold = await clientOf(options, surroundings).review(id, verdict, options.reason ?? null)
      say(options, hold, `${hold.id}: ${verdict}.\n`)
    })
  addDelegationCommands({ command, subcommand, say, clientOf: (options) => clientOf(options, surroundings) })
  return command
}

type Saying = readonly [
  name: string,
  description: string,
  act: (client: ConsoleClient, id: string, reason: string) => Promise<HoldView>,
]

const said: readonly Saying[] = [
  ['reason', 'say why you ask for it', (client, id, reason) => client.giveReason(id, reason)],
  [
    'break-glass',
    'run your own at once, where the policy lets you',
    (client, id, reason) => client.breakGlass(id, reason),
  ],
]

function alikeOption(choice: 'approve' | 'reject'): Option {
  const option = new Option('--alike', 'others that differ in constants only, too, where the policy lets it')
  return choice === 'approve' ? option : option.hideHelp()
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

const LIST_MAX = 100_000

function countOf(text: string): number {
  const count = Number(text)
  if (Number.isInteger(count) && count >= 1 && count <= LIST_MAX) return count
  throw new InvalidArgumentError(`A whole number from 1 to ${LIST_MAX}.`)
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
