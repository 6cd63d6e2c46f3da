import type { Command } from 'commander'
import type { DelegationView } from '../console/delegation-schema.ts'
import { visibleLine } from '../text/visible-text.ts'
import type { ConsoleClient } from './console-client.ts'
import { HoldsCommandError } from './errors.ts'
import type { HoldsOptions } from './holds-command.ts'

/** `holdpoint holds delegate|delegations|undelegate`: who answers for you while you are away. */
export interface DelegationCommandParts {
  readonly command: Command
  readonly subcommand: (parent: Command, usage: string) => Command
  readonly say: (options: HoldsOptions, value: unknown, text: string) => void
  readonly clientOf: (options: HoldsOptions) => ConsoleClient
}

export function addDelegationCommands({ command, subcommand, say, clientOf }: DelegationCommandParts): void {
  subcommand(command, 'delegate <person>')
    .description('let somebody answer for you while you are away')
    .requiredOption('--until <time>', 'as 2026-11-25T18:00:00Z, or for so long from now: 8h, 3d, 2w')
    .option('--from <time>', 'when it begins; now when left out')
    .action(async (to: string, _given: object, self: Command) => {
      const options = self.optsWithGlobals<HoldsOptions & { readonly until: string; readonly from?: string }>()
      const from = options.from === undefined ? undefined : timeOf(options.from)
      const made = await clientOf(options).delegate(to, timeOf(options.until), from)
      say(options, made, delegationLine(made))
    })

  subcommand(command, 'delegations')
    .description('who answers for you, and for whom you answer')
    .action(async (_given: object, self: Command) => {
      const options = self.optsWithGlobals<HoldsOptions>()
      const all = await clientOf(options).delegations()
      say(options, all, all.length === 0 ? 'Nobody answers for anybody.\n' : all.map(delegationLine).join(''))
    })

  subcommand(command, 'undelegate <delegation>')
    .description('end it now')
    .action(async (id: string, _given: object, self: Command) => {
      const options = self.optsWithGlobals<HoldsOptions>()
      const left = await clientOf(options).undelegate(id)
      say(options, left, `${visibleLine(id)} is over.\n`)
    })
}

function delegationLine({ id, from, to, startsAt, endsAt }: DelegationView): string {
  return `${id}  ${visibleLine(to.name)} answers for ${visibleLine(from.name)} from ${startsAt} until ${endsAt}\n`
}

const UNITS: Readonly<Record<string, number>> = { h: 3_600_000, d: 86_400_000, w: 7 * 86_400_000 }

function timeOf(text: string): string {
  const [, count, unit] = /^(\d{1,3})([hdw])$/.exec(text) ?? []
  const ms = unit === undefined ? Date.parse(text) : Date.now() + Number(count) * (UNITS[unit] ?? 0)
  if (!Number.isNaN(ms)) return new Date(ms).toISOString()
  throw new HoldsCommandError('bad_time', `${visibleLine(text)} is not a time`, {
    exitStatus: 2,
    hint: 'Give it as 2026-11-25T18:00:00Z, or as 8h, 3d or 2w from now',
  })
}
