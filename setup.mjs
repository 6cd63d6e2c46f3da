// Brings node_modules in line with package-lock.json before a script runs, and does nothing when it already is.
// It runs on whatever Node the machine has (npm starts it before the pinned one is there), so it stays plain.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'

const stamp = 'node_modules/.holdpoint-setup'
const wanted = createHash('sha256')
  .update(readFileSync('package-lock.json'))
  .update(readFileSync('package.json'))
  .update(`${process.platform}-${process.arch}`)
  .digest('hex')
// Who only runs Holdpoint does not wait for what only its tests need; who has that keeps it.
const everything = process.env.npm_lifecycle_event !== 'prestart' || existsSync('node_modules/vitest')
const installed = existsSync(stamp) ? readFileSync(stamp, 'utf8') : ''

if (installed !== `${wanted} with dev` && (everything || installed !== wanted)) {
  process.stderr.write('holdpoint: installing dependencies (once, about half a minute) …\n')
  // npm's own summary would break the one JSON line that `npm start -- --json` promises on stdout.
  const npm = process.env.npm_execpath
  const [command, ...start] = npm ? [process.execPath, npm] : ['npm']
  // Not `npm ci`: it refuses a lock file that lacks optional binaries of platforms a registry mirror does not carry.
  // `--no-save` installs what the lock file says all the same and leaves it as it is.
  const dev = everything ? '--include=dev' : '--omit=dev'
  const args = [...start, 'install', '--no-save', dev, '--no-audit', '--no-fund', '--loglevel=error']
  const { status } = spawnSync(command, args, { stdio: ['ignore', 2, 2] })
  if (status !== 0) {
    process.stderr.write(
      'holdpoint: npm install failed, so nothing was started. Check the network and the npm registry settings, then run the same command again.\n',
    )
    process.exit(1)
  }
  writeFileSync(stamp, everything ? `${wanted} with dev` : wanted)
}
