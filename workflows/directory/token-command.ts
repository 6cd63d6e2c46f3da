import { Command, InvalidArgumentError, Option } from 'commander'
import type pg from 'pg'
import { type Scope, scope } from '../../policies/input.ts'
import { DirectoryError } from './errors.ts'
import { createServiceTokens, type ServiceToken, type ServiceTokens } from './service-tokens.ts'

/** Opens the state database that the command line's options name; the command closes it. */
export type OpenState = (command: Command) => pg.Pool | Promise<pg.Pool>

interface CreateOptions {
  readonly agent?: true
  readonly actsFor?: string
  readonly issuer?: string
  readonly group: readonly string[]
  readonly days: number
  readonly scope: readonly Scope[]
  readonly json?: true
}

const DAY_MS = 24 * 60 * 60_000

/**
 * holdpoint token create|list|revoke
 *
 * @param scopesRequired of the configuration that the command line's options name
 */
export function tokenCommand(openState: OpenState, scopesRequired: (command: Command) => boolean): Command {
  const command = new Command('token').description('service tokens: passwords for services and agents')
  command
    .command('create')
    .description('make a token and show it, once')
    .argument('<name>', 'what it connects as')
    .option('--group <name>', 'a group it is in; may be repeated', collect, [])
    .addOption(
      new Option('--scope <scopes...>', 'what it is for; left out: all that it may')
        .choices(scope.options)
        .default([], 'all'),
    )
    .option('--days <number>', 'until it expires', days, 90)
    .option('--agent', 'an AI agent instead of a service')
    .addOption(new Option('--acts-for <subject>', 'the person the agent acts for').implies({ agent: true }))
    .option('--issuer <url>', 'the identity provider of that person')
    .option('--json', 'one line of JSON')
    .action((name: string, options: CreateOptions, self: Command) => {
      if (options.scope.length === 0 && scopesRequired(self)) throw forNothing()
      return withTokens(openState, self, (tokens) => create(tokens, name, options))
    })
  command
    .command('list')
    .description('every token there ever was, without its secret')
    .option('--json', 'one line of JSON per token')
    .action((options: { readonly json?: true }, self: Command) =>
      withTokens(openState, self, async (tokens) => {
        for (const token of await tokens.list()) print(options.json ? JSON.stringify(token) : lineOf(token))
      }),
    )
  command
    .command('revoke')
    .description('end a token now: it opens nothing any more')
    .argument('<id>', 'as list shows it')
    .action((id: string, _options: object, self: Command) =>
      withTokens(openState, self, async (tokens) => {
        if (!(await tokens.revoke(id))) throw new DirectoryError('unknown_token', `No token ${id} is in use`)
        print(`${id} is revoked`)
      }),
    )
  return command
}

async function create(tokens: ServiceTokens, name: string, options: CreateOptions): Promise<void> {
  const { agent, actsFor, issuer, group, days: validDays, scope: scopes, json } = options
  if ((actsFor === undefined) !== (issuer === undefined)) {
    throw new DirectoryError('unknown_person', 'A person is named by --acts-for and --issuer together')
  }
  const expiresAt = new Date(Date.now() + validDays * DAY_MS)
  const made = await tokens.create({
    name,
    kind: agent ? 'agent' : 'service',
    groups: group,
    actsFor: actsFor === undefined || issuer === undefined ? null : { issuer, subject: actsFor },
    expiresAt,
    scopes,
  })
  if (json) return print(JSON.stringify({ ...made, name, expiresAt }))
  print(made.token)
  process.stderr.write(`It cannot be shown again. It expires ${expiresAt.toISOString()}.\n`)
}

function forNothing(): DirectoryError {
  return new DirectoryError('no_scope', 'A token without a scope is for nothing here (identity.scopesRequired)', {
    hint: `Say what it is for: --scope ${scope.options.join(' ')}`,
  })
}

async function withTokens(
  openState: OpenState,
  command: Command,
  work: (tokens: ServiceTokens) => Promise<void>,
): Promise<void> {
  const pool = await openState(command)
  try {
    await work(createServiceTokens(pool))
  } finally {
    await pool.end()
  }
}

function lineOf({ id, name, kind, expiresAt, revokedAt, scopes }: ServiceToken): string {
  const state = revokedAt === null ? `until ${expiresAt.toISOString()}` : `revoked ${revokedAt.toISOString()}`
  return `${id}  ${kind.padEnd(7)}  ${name}  ${state}${scopes.length === 0 ? '' : `  ${scopes.join(' ')}`}`
}

function collect(value: string, earlier: readonly string[]): readonly string[] {
  return [...earlier, value]
}

function days(text: string): number {
  const value = Number(text)
  if (!Number.isInteger(value) || value < 1 || value > 366) throw new InvalidArgumentError('1 to 366 days.')
  return value
}

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}
