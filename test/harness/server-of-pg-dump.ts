import { existsSync, mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { freePort } from '../../workflows/development/free-port.ts'
import { temporaryFolder } from './holdpoint.ts'
import { hasProgram, run, start } from './psql.ts'

/** A PostgreSQL of the same version as the machine's pg_dump, which refuses to dump a newer server. */
export interface OlderServer extends AsyncDisposable {
  readonly version: number
  /** A superuser's URL, database `postgres`. */
  readonly url: string
}

/** @returns null where the machine has no pg_dump, or no server of its version, or may not run one as another user */
export async function serverOfPgDump(): Promise<OlderServer | null> {
  if (!hasProgram('pg_dump')) return null
  const version = Number(/\d+/.exec((await run('pg_dump', ['--version'])).stdout)?.[0])
  const bin = `/usr/lib/postgresql/${version}/bin`
  if (!existsSync(join(bin, 'postgres'))) return null
  const asRoot = process.getuid?.() === 0
  if (asRoot && (!hasProgram('setpriv') || (await run('id', ['postgres'])).status !== 0)) return null
  const prefix = asRoot ? ['setpriv', '--reuid=postgres', '--regid=postgres', '--clear-groups'] : []

  const folder = temporaryFolder()
  const data = join(folder, 'postgres')
  mkdirSync(data)
  if (asRoot) await run('chown', ['postgres', data])
  const command = (...words: readonly string[]): [string, string[]] => {
    const all = [...prefix, ...words]
    return [all[0] as string, all.slice(1)]
  }
  const initialised = await run(
    ...command(join(bin, 'initdb'), '-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8'),
  )
  if (initialised.status !== 0) throw new Error(`initdb failed: ${initialised.stderr}`)
  const port = await freePort()
  const flags = [
    '-p',
    String(port),
    '-c',
    'listen_addresses=127.0.0.1',
    '-c',
    `unix_socket_directories=${data}`,
    '-c',
    'fsync=off',
  ]
  const child = start(...command(join(bin, 'postgres'), '-D', data, ...flags))
  const ended = new Promise((resolve) => child.once('exit', resolve))
  await answering(child.stderr)
  child.stderr.resume()
  return {
    version,
    url: `postgres://postgres@127.0.0.1:${port}/postgres`,
    [Symbol.asyncDispose]: async () => {
      child.kill('SIGINT')
      await ended
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

function answering(log: NodeJS.ReadableStream): Promise<void> {
  return new Promise((resolve, reject) => {
    let said = ''
    const listen = (chunk: Buffer): void => {
      said += chunk.toString('utf8')
      if (!said.includes('ready to accept connections')) return
      log.off('data', listen)
      resolve()
    }
    log.on('data', listen)
    log.once('end', () => reject(new Error(`the server ended: ${said}`)))
  })
}
