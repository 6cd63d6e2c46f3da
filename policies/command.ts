import { copyFileSync } from 'node:fs'
import { join } from 'node:path'
import { Command } from 'commander'
import { type CommonOptions, type Environment, withCommonOptions } from '../command-line.ts'
import type { Config } from '../config.ts'
import { cachedBundle, type Toolchain } from './compile.ts'
import { PolicyError } from './errors.ts'
import { ensureOpa, opaCacheFolder } from './opa.ts'
import { testPolicy } from './test-policies.ts'
import { buildPolicy, checkPolicy } from './toolchain.ts'

/** `holdpoint policy`: what those who write policies run before they ask for a review. */
export interface PolicyCommandOptions {
  readonly env: Environment
  readonly configOf: (options: CommonOptions) => Config
}

interface Flags extends CommonOptions {
  readonly path?: string
  readonly output?: string
}

export function policyCommand(options: PolicyCommandOptions): Command {
  const subcommand = (name: string, description: string, action: (flags: Flags) => Promise<string>): Command =>
    withCommonOptions(new Command(name))
      .description(description)
      .option('--path <dir>', 'the folder of the policies, instead of the configured one')
      .action(async (flags: Flags) => {
        process.stdout.write(`${await action(flags)}\n`)
      })
  return new Command('policy')
    .description('check, test and build the policies')
    .addCommand(
      subcommand('check', 'syntax, types, input fields, builtins and format', (flags) => check(flags, options)),
    )
    .addCommand(subcommand('test', 'check, then run the Rego tests', (flags) => test(flags, options)))
    .addCommand(
      subcommand('build', 'check and compile to WebAssembly', (flags) => build(flags, options)).option(
        '--output <file>',
        'also write the bundle (.tar.gz) here',
      ),
    )
}

async function check(flags: Flags, options: PolicyCommandOptions): Promise<string> {
  const { path, tools } = prepare(flags, options)
  const { files, warnings } = await checkPolicy(path, tools)
  for (const warning of warnings) say(`note: ${warning}`)
  return `${files} policy files are valid`
}

async function test(flags: Flags, options: PolicyCommandOptions): Promise<string> {
  const checked = await check(flags, options)
  const { path, tools } = prepare(flags, options)
  const { passed, failed, coverage } = await testPolicy(path, tools)
  if (failed.length > 0) {
    const lines = failed.map(({ name, file, line }) => `${file}:${line}: ${name}: FAIL`)
    throw new PolicyError('policy_tests_failed', `The policies’ tests fail:\n${lines.join('\n')}`)
  }
  const missed = coverage.files.map(
    ({ file, percent, missed: lines }) => `  ${file} ${percent} %, not ${lines.join(', ')}`,
  )
  return [checked, `PASS: ${passed}/${passed}`, `coverage: ${coverage.percent} %`, ...missed].join('\n')
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
