import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { type Browser, chromium } from 'playwright-core'

/**
 * A real Chromium, the machine's own. On Debian as root it is installed once when it is missing; elsewhere tests that
 * need it say that they were skipped.
 */
export const NO_BROWSER = 'no Chromium on this machine: these tests were skipped'

const ARGUMENTS = [
  '--no-sandbox', // as root, as in containers, there is none
  '--disable-gpu',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
]

/** The path of Chromium, or null when there is none and none could be installed. */
export function findChromium(): string | null {
  return which() ?? (install() ? which() : null)
}

export function openBrowser(executablePath: string): Promise<Browser> {
  return chromium.launch({ executablePath, args: ARGUMENTS })
}

function which(): string | null {
  for (const name of ['chromium', 'chromium-browser', 'google-chrome']) {
    try {
      return execFileSync('which', [name], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim()
    } catch {}
  }
  return null
}

function install(): boolean {
  if (!existsSync('/etc/debian_version') || process.getuid?.() !== 0) return false
  try {
    execFileSync('apt-get', ['install', '-y', '--no-install-recommends', 'chromium'], {
      stdio: 'ignore',
      timeout: 300_000,
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    })
    return true
  } catch {
    return false
  }
}
