import { execFile, type SpawnOptions, spawn } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { cpus } from 'node:os'
import { delimiter, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'

/** The programs of other people that a benchmark runs, and what it must know about the machine. */
const FOLDERS = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin']

/** Where a program is, or null: then whatever needs it is left out, and the report says so. */
export function findProgram(name: string): string | null {
  for (const folder of FOLDERS) {
    try {
      accessSync(join(folder, name), constants.X_OK)
      return join(folder, name)
    } catch {
      // Not in this one.
    }
  }
  return null
}

export async function versionOf(program: string): Promise<string> {
  const { stdout } = await promisify(execFile)(program, ['--version'])
  return stdout.split('\n')[0]?.trim() ?? ''
}

/** Runs a program to its end. Rejects with what it said when its status is not 0. */
export async function run(
  program: string,
  given: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<string> {
  const { stdout } = await promisify(execFile)(program, given, {
    env: { ...process.env, ...env },
    maxBuffer: 64 * 1024 * 1024,
  })
  return stdout
}

/** Runs a program whose output is thrown away, and tells how long that took, in seconds. */
export async function timed(
  program: string,
  given: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<number> {
  const options: SpawnOptions = { env: { ...process.env, ...env }, stdio: ['ignore', 'ignore', 'pipe'] }
  const start = performance.now()
  const child = spawn(program, given, options)
  let said = ''
  child.stderr?.on('data', (bytes: Buffer) => {
    said += bytes.toString()
  })
  const status = await new Promise<number | null>((resolve, reject) =>
    child.once('error', reject).once('close', resolve),
  )
  if (status !== 0) throw new Error(`${program}: ${said.trim() || `status ${status}`}`)
  return (performance.now() - start) / 1000
}

const CALM_SHARE = 0.15
const CALM_MS_MAX = 45_000

/**
 * Waits until the machine does little, so that nobody pays for what another left to do (shipping, checkpoints).
 * @returns false: it never did, something else is running here
 */
export async function untilCalm(): Promise<boolean> {
  const end = performance.now() + CALM_MS_MAX
  while (performance.now() < end) {
    const before = busyAndTotal()
    await sleep(400)
    const after = busyAndTotal()
    if ((after.busy - before.busy) / Math.max(after.total - before.total, 1) < CALM_SHARE) return true
  }
  return false
}

function busyAndTotal(): { readonly busy: number; readonly total: number } {
  let busy = 0
  let idle = 0
  for (const { times } of cpus()) {
    busy += times.user + times.nice + times.sys + times.irq
    idle += times.idle
  }
  return { busy, total: busy + idle }
}
