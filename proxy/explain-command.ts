import { join } from 'node:path'
import { Command } from 'commander'
import { type CommonOptions, type Environment, withCommonOptions } from '../command-line.ts'
import type { Config, TargetConfig } from '../config.ts'
import { compilePolicies } from '../policies/compile.ts'
import { loadPolicy } from '../policies/evaluate.ts'
import { loadLabels } from '../policies/labels.ts'
import { ensureOpa, opaCacheFolder } from '../policies/opa.ts'
import { openKeptNames } from '../workflows/state/labelled-names.ts'
import { openState } from '../workflows/state/state.ts'
import { type Catalog, openCatalog } from './catalog/catalog.ts'
import { forgetful, type LabelMemory } from './catalog/former-labels.ts'
import { ProxyError } from './errors.ts'
import { explainedIdentity } from './explained-identity.ts'
import { explainedText } from './explained-text.ts'
import { explainedFacts, explanation } from './explanation.ts'
import { freshSession } from './fresh-session.ts'
import { createGate, type Judgement, type SessionView } from './gate.ts'
import { loadParser } from './sql/analyse.ts'
import { unexplained } from './unexplained.ts'

/** `holdpoint explain`: what would become of a statement, and why, without running it. */
export interface ExplainCommandOptions {
  readonly env: Environment
  readonly configOf: (options: CommonOptions) => Config
  /** Its exit code says when something could not be asked. */
  readonly process: Pick<NodeJS.Process, 'exitCode'> & { readonly stdin: NodeJS.ReadableStream }
}

interface Flags extends CommonOptions {
  readonly as: string
  readonly target?: string
  readonly file?: string
  readonly json?: boolean
}

export function explainCommand(options: ExplainCommandOptions): Command {
  return withCommonOptions(new Command('explain'))
    .description('show what a statement would do and what the policy says to it, without running it')
    .argument('[statement]', 'SQL; standard input when neither it nor --file is given')
    .option('--file <file>', 'read the SQL from a file')
    .requiredOption('--as <identity>', 'who asks: one of the development identities, or an identity as JSON')
    .option('--target <name>', 'environment/database; the first of the configuration when left out')
    .option('--json', 'one line of JSON for each statement: {"facts":…,"decision":…}')
    .action(async (statement: string | undefined, flags: Flags) => {
      if (flags.json === true) await explainToPrograms(statement, flags, options)
      else await explainToPeople(statement, flags, options)
    })
}

/** Nothing but one object for each statement, whatever is wrong. */
async function explainToPrograms(
  statement: string | undefined,
  flags: Flags,
  options: ExplainCommandOptions,
): Promise<void> {
  let sql: string | null = statement ?? null
  try {
    sql ??= await explainedText(flags.file, options.process.stdin)
    printObjects(await judge(sql, flags, options.configOf(flags), options.env))
  } catch (error) {
    await loadParser()
    printObjects(unexplained(sql, error))
    // What is not UTF-8 was answered: the server would not read it either.
    if (!(error instanceof ProxyError && error.code === 'sql_not_utf8')) options.process.exitCode = 1
  }
}

function printObjects(judgements: readonly Judgement[]): void {
  for (const judgement of judgements) {
    const decision = { ...judgement.decision, factsUsed: explainedFacts(judgement) }
    process.stdout.write(`${JSON.stringify({ facts: judgement.facts, decision })}\n`)
  }
}

async function explainToPeople(
  statement: string | undefined,
  flags: Flags,
  options: ExplainCommandOptions,
): Promise<void> {
  const config = options.configOf(flags)
  const sql = statement ?? (await explainedText(flags.file, options.process.stdin))
  const judgements = await judge(sql, flags, config, options.env)
  if (judgements.length === 0) process.stdout.write('Nothing: there is no statement in it.\n')
  for (const [index, judgement] of judgements.entries()) {
    const place = judgements.length === 1 ? '' : `${index + 1} of ${judgements.length}`
    process.stdout.write(`${index === 0 ? '' : '\n'}${explanation(judgement, { stream: process.stdout, place })}`)
  }
}

async function judge(sql: string, flags: Flags, config: Config, env: Environment): Promise<readonly Judgement[]> {
  const identity = explainedIdentity(flags.as, config)
  const target = targetNamed(flags.target, config)
  await loadParser()
  const [policy, catalog] = await Promise.all([
    activePolicy(config, env),
    openCatalog({
      target,
      labels: loadLabels(config.policies.path),
      log: silent,
      memoryOf: knownBefore(config, target.name),
    }),
  ])
  try {
    const gate = createGate({ catalogs: new Map([[target.name, catalog]]), policy: () => policy })
    return await gate.judge(sql, await sessionOf(identity, target, catalog))
  } finally {
    await catalog.close()
  }
}

/** What the proxies know of names of before, which decides what is masked; nothing where their state cannot be asked. */
function knownBefore({ state }: Config, target: string) {
  return async (database: string): Promise<LabelMemory> => {
    if (state.url === '') return forgetful
    const pool = openState(state.url, silent)
    const known = await openKeptNames({ pool, log: silent, target, database }).catch(() => forgetful)
    await pool.end()
    return { names: known.names, keep: () => undefined }
  }
}

const silent = { warn: () => undefined, info: () => undefined, error: () => undefined }

async function activePolicy(config: Config, env: Environment) {
  const progress = (line: string): void => void process.stderr.write(`${line}\n`)
  const opa = () => ensureOpa({ config: config.opa, env, cacheFolder: opaCacheFolder(env, config.data), progress })
  return loadPolicy(
    await compilePolicies({ path: config.policies.path, opa, cacheFolder: join(config.data, 'cache'), progress }),
  )
}

function targetNamed(name: string | undefined, { targets }: Config): TargetConfig {
  const found = name === undefined ? targets[0] : targets.find((target) => target.name === name)
  if (found !== undefined) return found
  throw new ProxyError('no_targets', name === undefined ? 'No target is configured.' : `There is no target ${name}.`, {
    hint: `Configured: ${targets.map((target) => target.name).join(', ') || 'none; run holdpoint start first'}`,
  })
}

async function sessionOf(
  identity: SessionView['identity'],
  target: TargetConfig,
  catalog: Catalog,
): Promise<SessionView> {
  const rows = await catalog.query<{ search_path: string }>('SHOW search_path', [], { timeoutMs: 5_000 })
  const named = { door: 'command_line', application: 'holdpoint explain' } as const
  const { loginRole } = catalog.snapshot
  return freshSession({ identity, target, role: loginRole, searchPath: rows[0]?.search_path ?? null, ...named })
}
