import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { DevelopmentError } from './errors.ts'

/**
 * PostgreSQL refuses to run as root. As anyone else it simply runs as us; as root it runs as the owner of the cluster
 * that is there, else as `postgres`, else as `nobody`.
 *
 * That account must reach the program and the cluster. Where a folder above them is closed to it (a checkout under
 * /root, a folder made by mktemp -d), `setpriv` lends the server the one capability to look through closed folders,
 * and nothing else of root. The secure bit keeps access(2), which the server uses to find itself, from disregarding it.
 */
export interface Account {
  readonly uid: number
  readonly gid: number
}

export interface Launch {
  readonly command: string
  readonly args: readonly string[]
  readonly uid?: number
  readonly gid?: number
}

export function serverAccount(cluster: string): Account | null {
  if (process.getuid?.() !== 0) return null
  if (existsSync(cluster)) {
    const { uid, gid } = statSync(cluster)
    if (uid !== 0) return { uid, gid }
  }
  const account = lookUp('postgres') ?? lookUp('nobody')
  if (account !== null) return account
  throw new DevelopmentError('account_missing', 'PostgreSQL does not run as root, and no other account was found.', {
    hint: 'Start Holdpoint as an ordinary user, or make an account named postgres',
  })
}

/** @param paths what the account must be able to reach */
export function launchAs(
  account: Account | null,
  program: string,
  args: readonly string[],
  paths: readonly string[],
): Launch {
  const closed =
    account === null ? undefined : [program, ...paths].map((path) => closedFolder(path, account)).find(Boolean)
  const setpriv = ['/usr/bin/setpriv', '/bin/setpriv'].find((path) => existsSync(path))
  if (setpriv === undefined) {
    if (closed !== undefined) throw unreachable(closed)
    return { command: program, args, ...account }
  }
  // The signal comes when we are gone, however that happened: a server without its tree would only be in the way.
  const options = ['--pdeathsig=INT']
  if (account !== null) options.push(`--reuid=${account.uid}`, `--regid=${account.gid}`, '--clear-groups')
  if (closed !== undefined) {
    const capability = lendable()
    if (capability === null) throw unreachable(closed)
    options.push('--securebits=+no_setuid_fixup', `--inh-caps=+${capability}`, `--ambient-caps=+${capability}`)
  }
  return { command: setpriv, args: [...options, program, ...args] }
}

/** The first folder on the way that the account may not pass, from the root down. */
function closedFolder(path: string, { uid, gid }: Account): string | undefined {
  const above: string[] = []
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    above.unshift(folder)
    if (folder === dirname(folder)) break
  }
  return above.find((folder) => {
    const stat = statSync(folder)
    const shift = stat.uid === uid ? 6 : stat.gid === gid ? 3 : 0
    return ((stat.mode >> shift) & 1) === 0
  })
}

const CAPABILITIES = { dac_override: 1, dac_read_search: 2, setpcap: 8 } as const

function lendable(): string | null {
  const status = readFileSync('/proc/self/status', 'utf8')
  const permitted = BigInt(`0x${/^CapPrm:\s*([0-9a-f]+)$/m.exec(status)?.[1] ?? '0'}`)
  const has = (bit: number): boolean => ((permitted >> BigInt(bit)) & 1n) === 1n
  if (!has(CAPABILITIES.setpcap)) return null
  if (has(CAPABILITIES.dac_read_search)) return 'dac_read_search'
  return has(CAPABILITIES.dac_override) ? 'dac_override' : null
}

function unreachable(folder: string): DevelopmentError {
  return new DevelopmentError(
    'account_missing',
    `As root, PostgreSQL runs as another account, which cannot reach its files: ${folder} is closed to others.`,
    { hint: `Start Holdpoint as an ordinary user, or open the folder: chmod o+x ${folder}` },
  )
}

function lookUp(name: string): Account | null {
  try {
    const ask = (flag: string): number =>
      Number(execFileSync('id', [flag, name], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }))
    return { uid: ask('-u'), gid: ask('-g') }
  } catch {
    return null
  }
}
