import { copyFileSync } from 'node:fs'
import { join } from 'node:path'
import { Command } from 'commander'
import { type CommonOptions, type Environment, withCommonOptions } from '../command-line.ts'
import type { Config } from '../config.ts'
import { CAPABILITIES, cachedBundle, checkPolicies, compilePolicies, policyFiles, sources } from './compile.ts'
import { PolicyError } from './errors.ts'
import { loadPolicy } from './evaluate.ts'
import { readManifest } from './manifest.ts'
import { ensureOpa, opaCacheFolder } from './opa.ts'
import { RunError, run } from './run.ts'

/** `holdpoint policy`: what those who write policies run before they ask for a review. */
export interface PolicyCommandOptions {
  readonly env: Environment
  readonly configOf: (options: CommonOptions) => Config
}

interface Flags extends CommonOptions {
  readonly path?: string
  readonly output?: string
}

const TEST_TIMEOUT_MS = 300_000

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
  const { path, opa } = await prepare(flags, options)
  await checkPolicies(opa, path, readManifest(path))
  await checkFormat(opa, path)
  return `${ruleCount(path)} policy files are valid`
}

async function test(flags: Flags, options: PolicyCommandOptions): Promise<string> {
  const checked = await check(flags, options)
  const { path, opa } = await prepare(flags, options)
  try {
    const arguments_ = ['test', '--capabilities', CAPABILITIES, ...sources(path)]
    const { stdout } = await run(opa, arguments_, { timeoutMs: TEST_TIMEOUT_MS })
    return `${checked}\n${stdout.trim()}`
  } catch (error) {
    const said = error instanceof RunError ? `${error.stdout}${error.stderr}`.trim() : 'OPA did not run to its end'
    throw new PolicyError('policy_tests_failed', `The policies’ tests fail:\n${said}`)
  }
}

async function build(flags: Flags, options: PolicyCommandOptions): Promise<string> {
  const { path, opa, cacheFolder } = await prepare(flags, options)
  const compiled = await compilePolicies({ path, opa, cacheFolder, progress: say })
  const { digest } = await loadPolicy(compiled)
  if (flags.output !== undefined) copyFileSync(cachedBundle(cacheFolder, path), flags.output)
  return `${digest}  ${compiled.manifest.name}  ${Math.ceil(compiled.wasm.length / 1024)} kB`
}

async function checkFormat(opa: string, path: string): Promise<void> {
  const { stdout } = await run(opa, ['fmt', '--list', join(path, 'rules')], { timeoutMs: TEST_TIMEOUT_MS })
  if (stdout.trim() === '') return
  throw new PolicyError('policy_invalid', `Not formatted:\n${stdout.trim()}`, { hint: 'Run opa fmt --write on them' })
}

async function prepare(flags: Flags, { env, configOf }: PolicyCommandOptions) {
  const config = configOf(flags)
  const path = flags.path ?? config.policies.path
  const cacheFolder = join(config.data, 'cache')
  const opa = await ensureOpa({
    config: config.opa,
    env,
    cacheFolder: opaCacheFolder(env, config.data),
    progress: say,
  })
  return { path, opa, cacheFolder }
}

function ruleCount(path: string): number {
  return policyFiles(path).filter((file) => file.endsWith('.rego')).length
}

function say(line: string): void {
  process.stderr.write(`${line}\n`)
}
