import { execFile, execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { promisify } from 'node:util'

/** Programs that npm does not carry and tests need, with Debian's package for each. */
const PROGRAMS = { psql: 'postgresql-client', 'redis-server': 'redis-server', chromium: 'chromium' } as const

const INSTALL_MS_MAX = 300_000

/** The path of a program of the machine, or null. */
export function programPath(name: string): string | null {
  try {
    return execFileSync('which', [name], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim()
  } catch {
    return null
  }
}

/**
 * Installs what is missing, once and before any test, on Debian as root. Elsewhere, or without a network, the tests that
 * need a missing program say that they were skipped.
 */
export async function installMissingPrograms(say: (line: string) => void): Promise<void> {
  const missing = Object.entries(PROGRAMS).filter(([program]) => programPath(program) === null)
  if (missing.length === 0 || !existsSync('/etc/debian_version') || process.getuid?.() !== 0) return
  const packages = missing.map(([, name]) => name)
  say(`installing ${packages.join(', ')} for the tests …`)
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' }
  const run = (...args: string[]) => promisify(execFile)('apt-get', args, { env, timeout: INSTALL_MS_MAX })
  try {
    await run('update', '-q')
    await run('install', '-y', '-q', '--no-install-recommends', ...packages)
  } catch {
    say(`could not install ${packages.join(', ')}: the tests that need them will be skipped`)
  }
}
