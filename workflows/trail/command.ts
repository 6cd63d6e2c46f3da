import { Command, InvalidArgumentError } from 'commander'
import type { Pool } from 'pg'
import pc from 'picocolors'
import { RecordDescriber } from './describe-record.ts'
import { tailTrail } from './tail.ts'
import { type Progress, type Verdict, verifyTrail } from './verify.ts'

/** `holdpoint audit`: proves the trail, and shows it. */
export interface AuditCommandOptions {
  /** The trail's folder of the configuration that the command line names. */
  readonly folder: (command: Command) => string
  /** The state database, or null when none is configured; ended by the command. */
  readonly openPool: (command: Command) => Pool | null
  readonly now: () => number
}

export function auditCommand(options: AuditCommandOptions): Command {
  return new Command('audit')
    .description('prove that the trail is unbroken, and show it')
    .addCommand(verifyCommand(options))
    .addCommand(tailCommand(options))
}

interface VerifyFlags {
  readonly json?: boolean
  readonly filesOnly?: boolean
  readonly databaseOnly?: boolean
  readonly otherMachines?: boolean
}

function verifyCommand({ folder, openPool }: AuditCommandOptions): Command {
  return new Command('verify')
    .description(
      'check every record of files and state database; exit status 1 and the first bad record if one is not as it was written',
    )
    .option('--json', 'one line of JSON')
    .option('--files-only', 'do not look into the state database')
    .option('--database-only', 'do not look into the files')
    .option('--other-machines', 'the state database also holds journals whose files are on other machines')
    .action(async (flags: VerifyFlags, self: Command) => {
      const pool = flags.filesOnly === true ? null : openPool(self)
      const start = performance.now()
      try {
        const verdict = await verifyTrail({
          folder: flags.databaseOnly === true ? undefined : folder(self),
          pool: pool ?? undefined,
          otherMachines: flags.otherMachines,
          progress: flags.json !== true && process.stderr.isTTY ? showProgress(start) : undefined,
        })
        const seconds = (performance.now() - start) / 1000
        say(
          flags.json === true
            ? `${JSON.stringify({ ...verdict, seconds })}\n`
            : report(verdict, seconds, pool !== null),
        )
        if (!verdict.ok) process.exitCode = 1
      } finally {
        await pool?.end()
      }
    })
}

const PROGRESS_MS = 250

function showProgress(start: number): (progress: Progress) => void {
  let shown = start
  return ({ records, bytes, bytesTotal }) => {
    const now = performance.now()
    if (now - shown < PROGRESS_MS) return
    shown = now
    const percent = bytesTotal === 0 ? 100 : Math.floor((bytes / bytesTotal) * 100)
    process.stderr.write(`\r${percent} %, ${rate(records, (now - start) / 1000)}   \r`)
  }
}

function report(verdict: Verdict, seconds: number, compared: boolean): string {
  // undefined, where there is no terminal, would let the library decide, and it colours whenever CI is set.
  const { red, green, yellow, dim } = pc.createColors(process.stdout.isTTY === true)
  const lines = verdict.journals.flatMap(({ journal, records, shipped, fault, unfinishedBytes }) => {
    const copied = compared ? `, ${number(shipped)} in the state database` : ''
    const line = `${fault === null ? green('✔') : red('✘')} ${journal.padEnd(20)} ${number(records).padStart(12)} records${copied}`
    const rest =
      unfinishedBytes > 0
        ? [yellow(`  ${unfinishedBytes} bytes of an unfinished record at its end, never acknowledged`)]
        : []
    return fault === null ? [line, ...rest] : [line, `  ${red(describeFault(fault))}`]
  })
  const broken = verdict.journals.filter(({ fault }) => fault !== null).length
  const sum = `${number(verdict.records)} records, ${number(Math.ceil(verdict.bytes / 1024))} KiB in ${seconds.toFixed(1)} s, ${rate(verdict.records, seconds)}`
  const alone = compared
    ? ''
    : dim('\nThe state database was not compared: a trail that was cut at its end is not noticed.')
  const word =
    broken === 0
      ? green('The trail is unbroken')
      : red(`${broken} of ${verdict.journals.length} journals are not as they were written`)
  return `${lines.join('\n')}${lines.length > 0 ? '\n' : ''}${word}: ${sum}.${alone}\n`
}

function describeFault({ seq, file, line, problem, detail }: NonNullable<Verdict['firstBad']>): string {
  const place = file === null ? 'state database' : line === null ? file : `${file}, line ${line}`
  return `record ${seq} (${place}) ${problem.replaceAll('_', ' ')}: ${detail}`
}

const number = (value: number): string => value.toLocaleString('en')
const rate = (records: number, seconds: number): string =>
  `${number(Math.round(records / Math.max(seconds, 0.001)))} records/s`

interface TailFlags {
  readonly json?: boolean
  readonly since?: string
  readonly follow: boolean
}

const SHOWN_BEFORE = 10

function tailCommand({ folder, now }: AuditCommandOptions): Command {
  return new Command('tail')
    .description('show records as they are written')
    .option('--json', 'the records themselves, one line each')
    .option('--since <time>', 'begin there: 30s, 10m, 2h, 1d ago, or a time as 2026-03-01T09:30:00Z', (value) =>
      sinceOf(value, now()),
    )
    .option('--no-follow', 'end at the last record')
    .action(async (flags: TailFlags, self: Command) => {
      const stop = new AbortController()
      process.once('SIGINT', () => stop.abort())
      process.once('SIGTERM', () => stop.abort())
      // `… | head` is no error.
      process.stdout.once('error', () => stop.abort())
      await showTail(flags, folder(self), stop.signal)
    })
}

async function showTail(flags: TailFlags, folder: string, signal: AbortSignal): Promise<void> {
  const describer = new RecordDescriber({
    colour: process.stdout.isTTY === true,
    width: process.stdout.columns ?? 1_000,
  })
  const since = flags.since ?? null
  const before: string[] = []
  const caughtUp = (): void => say(before.splice(0).join(''))
  for await (const { line, record, past } of tailTrail({ folder, since, follow: flags.follow, signal, caughtUp })) {
    const shown = record === null ? 'a line that is no record: run holdpoint audit verify' : describer.describe(record)
    const output = flags.json === true ? `${line}\n` : `${shown}\n`
    if (!past || since !== null) say(output)
    else if (before.push(output) > SHOWN_BEFORE) before.shift()
  }
}

const UNITS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** @throws InvalidArgumentError */
function sinceOf(value: string, now: number): string {
  const ago = /^(\d{1,6})([smhd])$/.exec(value)
  const at = ago === null ? Date.parse(value) : now - Number(ago[1]) * (UNITS[ago[2] as string] as number)
  if (Number.isNaN(at)) throw new InvalidArgumentError('It is a time like 10m, 2h or 2026-03-01T09:30:00Z.')
  return new Date(at).toISOString()
}

function say(text: string): void {
  process.stdout.write(text)
}
