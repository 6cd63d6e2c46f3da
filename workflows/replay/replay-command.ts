import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { Command, InvalidArgumentError } from 'commander'
import type { Pool } from 'pg'
import { type CommonOptions, withCommonOptions } from '../../command-line.ts'
import { HoldpointError } from '../../errors.ts'
import type { CompiledPolicy } from '../../policies/compile.ts'
import { PolicyError } from '../../policies/errors.ts'
import { loadPolicy } from '../../policies/evaluate.ts'
import type { PolicyTests } from '../../policies/test-policies.ts'
import type { Difference } from './difference.ts'
import { differenceText } from './difference-text.ts'
import { inputsOfFile, lineOfInput } from './input-file.ts'
import type { RecordedInput } from './recorded-input.ts'
import { replay } from './replay.ts'
import { countStateInputs, stateInputs } from './state-inputs.ts'

/** `holdpoint policy replay`: what a changed policy would have decided of what was asked in the last days. */
export interface ReplayCommandOptions {
  readonly openPool: (options: CommonOptions) => Pool | null
  /** @param path the folder that was named; null: the one that is configured */
  readonly build: (path: string | null, options: CommonOptions) => Promise<CompiledPolicy>
  /** The policy in force: where releases are followed the one in the state database. */
  readonly active: (options: CommonOptions, pool: Pool | null) => Promise<CompiledPolicy>
  readonly tests: (path: string | null, options: CommonOptions) => Promise<PolicyTests>
  readonly now: () => number
}

interface Flags extends CommonOptions {
  readonly path?: string
  readonly against: string
  readonly days: number
  readonly max?: number
  readonly from?: string
  readonly export?: string
  readonly json?: boolean
  readonly failOver?: number
  /** --no-tests */
  readonly tests: boolean
}

/** Too many decisions would differ: exit status 3, so that a CI tells it from a failure. */
export class ReplayError extends HoldpointError {
  readonly code: 'too_different' | 'no_inputs'
  readonly exitStatus: number

  constructor(code: 'too_different' | 'no_inputs', message: string, options: { readonly hint?: string } = {}) {
    super(message, options)
    this.code = code
    this.exitStatus = code === 'too_different' ? 3 : 1
  }
}

const PROGRESS_EVERY_MS = 500

export function replayCommand(options: ReplayCommandOptions): Command {
  return withCommonOptions(new Command('replay'))
    .description('judge what was recorded by a changed policy and by the active one, and say where they differ')
    .option('--path <dir>', 'the changed policies, instead of the configured ones')
    .option('--against <dir>', 'a folder of policies, or active: the policy in force', 'active')
    .option('--days <n>', 'how many days back decisions count', positive, 7)
    .option('--max <n>', 'judge no more distinct inputs than this, a fair sample', positive)
    .option('--from <file>', 'recorded inputs from a file, instead of the state database')
    .option('--export <file>', 'write the recorded inputs to a file and judge nothing')
    .option('--fail-over <percent>', 'exit with status 3 when more of the decisions would differ', percentage)
    .option('--no-tests', 'do not run the tests, whose coverage is printed too')
    .option('--json', 'one JSON object')
    .action((flags: Flags) => run(flags, options))
}

async function run(flags: Flags, options: ReplayCommandOptions): Promise<void> {
  const pool = options.openPool(flags)
  try {
    const inputs = inputsFor(flags, options, pool)
    if (flags.export !== undefined) {
      say(`${await exported(inputs, flags.export)} recorded inputs`)
      return
    }
    const difference = await compare(inputs, flags, options, pool)
    const tests = flags.tests ? await options.tests(flags.path ?? null, flags).catch(whyUntested) : null
    const coverage = tests !== null && 'coverage' in tests && tests.failed.length === 0 ? tests.coverage : null
    process.stdout.write(
      flags.json === true
        ? `${JSON.stringify({ ...difference, coverage })}\n`
        : `${differenceText(difference)}${testsText(tests)}`,
    )
    assertWithin(difference, flags.failOver)
  } finally {
    await pool?.end()
  }
}

function inputsFor(flags: Flags, { now }: ReplayCommandOptions, pool: Pool | null): AsyncIterable<RecordedInput> {
  if (flags.from !== undefined) return inputsOfFile(flags.from)
  if (pool !== null) return stateInputs({ pool, days: flags.days, now: now(), inputsMax: flags.max })
  throw new ReplayError('no_inputs', 'There is nothing recorded to judge: no state database is configured.', {
    hint: 'Set HOLDPOINT_STATE_URL, or give a file that --export wrote with --from',
  })
}

async function compare(
  inputs: AsyncIterable<RecordedInput>,
  flags: Flags,
  { build, active, now }: ReplayCommandOptions,
  pool: Pool | null,
): Promise<Difference> {
  const compiled = [
    await (flags.against === 'active' ? active(flags, pool) : build(flags.against, flags)),
    await build(flags.path ?? null, flags),
  ] as const
  // Nothing comes twice here, so nothing is worth remembering.
  const [before, after] = await Promise.all(compiled.map((policy) => loadPolicy(policy, { rememberedBytesMax: 0 })))
  if (before === undefined || after === undefined) throw new RangeError('two policies are compared')
  const total =
    pool === null || flags.from !== undefined ? null : await countStateInputs({ pool, days: flags.days, now: now() })
  const shown = progressLine(total?.inputs ?? null)
  const difference = await replay(inputs, before, after, { progress: shown.progress })
  shown.end(difference.inputs)
  return difference
}

/** What the comment on a pull request says of them too. */
function testsText(tests: PolicyTests | PolicyError | null): string {
  if (tests === null) return ''
  if (tests instanceof PolicyError) return `${tests.message}\n`
  const { failed, passed, coverage } = tests
  return failed.length > 0
    ? `${failed.length} tests fail, of ${passed + failed.length}: holdpoint policy test names them\n`
    : `${passed} tests pass and reach ${coverage.percent} % of the rules’ lines\n`
}

/** That there are no tests, or none that run, is worth a line and no reason to say nothing of the rest. */
function whyUntested(error: unknown): PolicyError {
  if (error instanceof PolicyError && error.code === 'policy_tests_failed') return error
  throw error
}

interface ProgressLine {
  progress(inputs: number): void
  /** What it came to, in a line of its own. */
  end(inputs: number): void
}

function progressLine(total: number | null): ProgressLine {
  const started = performance.now()
  let last = started
  const said = (inputs: number): string => {
    const rate = Math.round((1_000 * inputs) / Math.max(1, performance.now() - started))
    const of = total === null ? '' : ` of ${total.toLocaleString('en-US')}`
    return `${inputs.toLocaleString('en-US')}${of} inputs, ${rate.toLocaleString('en-US')}/s`
  }
  const { isTTY } = process.stderr
  return {
    progress(inputs) {
      const at = performance.now()
      if (at - last < PROGRESS_EVERY_MS) return
      last = at
      process.stderr.write(isTTY ? `\r${said(inputs)}   ` : `${said(inputs)}\n`)
    },
    end: (inputs) => void process.stderr.write(isTTY ? `\r${said(inputs)}   \n` : `${said(inputs)}\n`),
  }
}

async function exported(inputs: AsyncIterable<RecordedInput>, path: string): Promise<number> {
  const file = createWriteStream(path, { mode: 0o600 })
  let count = 0
  for await (const input of inputs) {
    count++
    if (!file.write(lineOfInput(input))) await once(file, 'drain')
  }
  file.end()
  await once(file, 'close')
  return count
}

function assertWithin({ differing, decisions }: Difference, percent: number | undefined): void {
  const share = decisions === 0 ? 0 : (100 * differing.decisions) / decisions
  if (percent === undefined || share <= percent) return
  throw new ReplayError('too_different', `${share.toFixed(1)} % of the decisions would differ, more than ${percent} %.`)
}

function positive(text: string): number {
  const value = Number(text)
  if (Number.isInteger(value) && value > 0) return value
  throw new InvalidArgumentError('a whole number above 0')
}

function percentage(text: string): number {
  const value = Number(text)
  if (value >= 0 && value <= 100) return value
  throw new InvalidArgumentError('a number from 0 to 100')
}

function say(line: string): void {
  process.stderr.write(`${line}\n`)
}
