import { copyFileSync } from 'node:fs'
import { join } from 'node:path'
import { Command } from 'commander'
import { type CommonOptions, type Environment, withCommonOptions } from '../command-line.ts'
import type { Config } from '../config.ts'
import type { Toolchain } from './compile.ts'
import { cachedBundle } from './content-key.ts'
import { PolicyError } from './errors.ts'
import { loadPolicy } from './evaluate.ts'
import { decisionExplained, ruleExplained } from './explain-rule.ts'
import { newRule } from './new-rule.ts'
import { ensureOpa, opaCacheFolder } from './opa.ts'
import { testPolicy } from './test-policies.ts'
import { buildPolicy, checkPolicy, formatPolicy } from './toolchain.ts'

/** `holdpoint policy`: what those who write policies run before they ask for a review. */
export interface PolicyCommandOptions {
  readonly env: Environment
  readonly configOf: (options: CommonOptions) => Config
}

interface Flags extends CommonOptions {
  readonly path?: string
  readonly output?: string
  readonly input?: string
  readonly coverage?: string
  readonly format?: boolean
}

export function policyCommand(options: PolicyCommandOptions): Command {
  const subcommand = (
    name: string,
    description: string,
    action: (flags: Flags, argument: string) => Promise<string>,
  ): Command =>
    withCommonOptions(new Command(name))
      .description(description)
      .option('--path <dir>', 'the folder of the policies, instead of the configured one')
      .action(async (_first: unknown, _second: unknown, self?: Command) => {
        // With an argument the flags come second.
        const command = self ?? (_second as Command)
        process.stdout.write(`${await action(command.opts<Flags>(), command.args[0] ?? '')}\n`)
      })
  return new Command('policy')
    .description('write, check, test, build, explain and replay the policies')
    .addCommand(
      subcommand('check', 'syntax, types, input fields, builtins and format', (flags) => check(flags, options)).option(
        '--format',
        'write the rules in their format first',
      ),
    )
    .addCommand(
      subcommand('new', 'write a rule and its test to begin with', async (flags, id) => {
        return newRule(prepare(flags, options).path, id).join('\n')
      }).argument('<area/name>', 'e.g. production/no_friday_migrations'),
    )
    .addCommand(
      subcommand('test', 'check, then run the Rego tests and measure what they reach', (flags) =>
        test(flags, options),
      ).option('--coverage <percent>', 'fail when the tests reach less of the rules'),
    )
    .addCommand(
      subcommand('explain', 'what a rule is for and looks at, or what is decided of an input', (flags, id) =>
        explain(flags, id, options),
      )
        .argument('[rule]', 'e.g. production.drop')
        .option('--input <file>', 'a policy input as JSON, e.g. a line that replay --export wrote'),
    )
    .addCommand(
      subcommand('build', 'check and compile to WebAssembly', (flags) => build(flags, options)).option(
        '--output <file>',
        'also write the bundle (.tar.gz) here',
      ),
    )
}

async function check(flags: Flags, options: PolicyCommandOptions): Promise<string> {
  const { path, tools } = prepare(flags, options)
  if (flags.format === true) await formatPolicy(path, tools)
  const { files, warnings } = await checkPolicy(path, tools)
  for (const warning of warnings) say(`note: ${warning}`)
  return `${files} policy files are valid`
}

async function test(flags: Flags, options: PolicyCommandOptions): Promise<string> {
  const checked = await check(flags, options)
  const { path, tools } = prepare(flags, options)
  const { passed, failed, coverage, decisions, digest } = await testPolicy(path, tools)
  if (failed.length > 0) {
    const lines = failed.map(({ name, file, line, why }) => `${file}:${line}: ${name}: FAIL: ${why}`)
    throw new PolicyError('policy_tests_failed', `The policies’ tests fail:\n${lines.join('\n')}`)
  }
  const wanted = flags.coverage === undefined ? 0 : Number(flags.coverage)
  if (!(coverage.percent >= wanted))
    throw new PolicyError(
      'policy_tests_failed',
      `The tests reach ${coverage.percent} % of the rules, less than ${flags.coverage} %.`,
    )
  const missed = coverage.files.map(
    ({ file, percent, missed: lines }) => `  ${file} ${percent} %, not ${lines.join(', ')}`,
  )
  const alike = `in OPA and in WebAssembly; ${decisions} of their inputs decided alike by OPA and the module ${digest.slice(0, 16)}…`
  return [checked, `PASS: ${passed}/${passed}`, alike, `coverage: ${coverage.percent} %`, ...missed].join('\n')
}

async function explain(flags: Flags, id: string, options: PolicyCommandOptions): Promise<string> {
  const { path, tools } = prepare(flags, options)
  const policy = await loadPolicy(await buildPolicy(path, tools))
  if (flags.input !== undefined) return decisionExplained(policy, flags.input)
  return id === ''
    ? policy.rules.map(({ id: name, title }) => `${name}: ${title}`).join('\n')
    : ruleExplained(policy, id)
}

async function build(flags: Flags, options: PolicyCommandOptions): Promise<string> {
  const { path, tools } = prepare(flags, options)
  const compiled = await buildPolicy(path, tools)
  if (flags.output !== undefined) copyFileSync(cachedBundle(tools.cacheFolder, path), flags.output)
  return `${compiled.digest}  ${compiled.manifest.name}  ${Math.ceil(compiled.wasm.length / 1024)} kB`
}

function prepare(flags: Flags, { env, configOf }: PolicyCommandOptions): { path: string; tools: Toolchain } {
  const config = configOf(flags)
  return { path: flags.path ?? config.policies.path, tools: toolchainOf(config, env) }
}

/** The tools of a person at a terminal: what takes its time says so on standard error. */
export function toolchainOf(config: Config, env: Environment): Toolchain {
  const folder = opaCacheFolder(env, config.data)
  const opa = () => ensureOpa({ config: config.opa, env, cacheFolder: folder, progress: say })
  return { opa, cacheFolder: join(config.data, 'cache'), progress: say }
}

function say(line: string): void {
  process.stderr.write(`${line}\n`)
}
