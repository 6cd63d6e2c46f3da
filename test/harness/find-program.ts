import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'

/** Whether the machine has this program; on Debian as root it is installed once when it is missing. */
export function findProgram(name: string, debianPackage: string): boolean {
  return isThere(name) || (installed(debianPackage) && isThere(name))
}

const isThere = (name: string): boolean => spawnSync('which', [name]).status === 0

function installed(debianPackage: string): boolean {
  if (!existsSync('/etc/debian_version') || process.getuid?.() !== 0) return false
  try {
    execFileSync('apt-get', ['install', '-y', '-q', '-o', 'DPkg::Lock::Timeout=50', debianPackage], {
      stdio: 'ignore',
      timeout: 120_000,
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    })
    return true
  } catch {
    return false
  }
}
