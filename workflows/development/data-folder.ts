import { randomBytes } from 'node:crypto'
import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { join, resolve } from 'node:path'
import { DevelopmentError } from './errors.ts'

/**
 * The folder that holds everything one development tree knows (`.holdpoint` unless told otherwise):
 *
 *   holdpoint.json   says that the folder is ours; without it nothing here is ever deleted
 *   lock, pid        held while a tree runs on it
 *   secrets.json     passwords and keys made on first start (0600)
 *   config.json      what the proxies and the other commands read (0600; the ports and URLs of the last start)
 *   postgres/        the embedded server's cluster, with postgres.log beside it
 *   identity/ tls/   the development provider's keys, the self-signed certificate
 *   journal/ cache/  the trail as written here, compiled policies
 */
export interface DataFolder {
  readonly path: string
  /** False when this start made it. */
  readonly existed: boolean
}

const MARKER = 'holdpoint.json'

export function openDataFolder(folder: string): DataFolder {
  const path = resolve(folder)
  const existed = existsSync(join(path, MARKER))
  if (!existed) create(path)
  try {
    accessSync(path, constants.W_OK)
  } catch (cause) {
    throw new DevelopmentError('data_folder_denied', `The data folder ${path} cannot be written by this user.`, {
      cause,
      hint: 'Change its owner, or choose another folder with --data DIR',
    })
  }
  return { path, existed }
}

/** Deletes everything in it, and only when it is ours and nothing runs on it (the caller holds its lock). */
export function emptyDataFolder({ path }: DataFolder, keep: readonly string[]): void {
  for (const name of readdirSync(path))
    if (name !== MARKER && !keep.includes(name)) rmSync(join(path, name), { recursive: true, force: true })
}

function create(path: string): void {
  try {
    // Others may pass through, not look: as root the database server runs as another user and has to reach its part.
    mkdirSync(path, { recursive: true, mode: process.getuid?.() === 0 ? 0o711 : 0o700 })
    if (readdirSync(path).length > 0)
      throw new DevelopmentError('data_folder_foreign', `${path} is not empty and was not made by Holdpoint.`, {
        hint: 'Choose an empty or new folder with --data DIR',
      })
    writeFileSync(join(path, MARKER), `${JSON.stringify({ holdpoint: 'data folder', version: 1 })}\n`)
  } catch (cause) {
    if (cause instanceof DevelopmentError) throw cause
    throw new DevelopmentError('data_folder_denied', `The data folder ${path} cannot be made.`, {
      cause,
      hint: 'Check that its parent exists and may be written, or choose another folder with --data DIR',
    })
  }
}

/** Whole or not at all: a kill in the middle leaves the old content. */
export function writePrivately(file: string, content: string): void {
  const draft = `${file}.${process.pid}`
  writeFileSync(draft, content, { mode: 0o600 })
  renameSync(draft, file)
}

export interface Secrets {
  /** PostgreSQL's superuser, never used by the proxy. */
  readonly postgres: string
  /** Role `holdpoint`, owner of the state database. */
  readonly holdpoint: string
  /** Role `shop`, owner of the sample database: what the proxy connects as. */
  readonly shop: string
  readonly consoleSession: string
}

/** Read, or made on first start. */
export function loadSecrets(path: string): Secrets {
  const file = join(path, 'secrets.json')
  if (!existsSync(file)) {
    if (existsSync(join(path, 'postgres'))) throw damaged(path, 'secrets.json is missing')
    const random = () => randomBytes(24).toString('base64url')
    const made: Secrets = {
      postgres: random(),
      holdpoint: random(),
      shop: random(),
      consoleSession: random() + random(),
    }
    writePrivately(file, JSON.stringify(made))
  }
  return readOwnJson<Secrets>(path, 'secrets.json', ['postgres', 'holdpoint', 'shop', 'consoleSession'])
}

/** A JSON file of ours in the folder; what does not have its keys was damaged. */
export function readOwnJson<T>(path: string, name: string, keys: readonly string[]): T {
  try {
    const value: unknown = JSON.parse(readFileSync(join(path, name), 'utf8'))
    if (typeof value === 'object' && value !== null && keys.every((key) => key in value)) return value as T
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'EACCES')
      throw new DevelopmentError('data_folder_denied', `${join(path, name)} cannot be read by this user.`, {
        cause,
        hint: 'Start as the user who made the folder, or choose another with --data DIR',
      })
  }
  throw damaged(path, `${name} is not readable`)
}

export function damaged(path: string, what: string, cause?: unknown): DevelopmentError {
  return new DevelopmentError('data_folder_damaged', `The data folder ${path} is damaged: ${what}.`, {
    cause,
    hint: 'Restore it from a copy, or begin anew with npm start -- --reset (this deletes its databases and its trail)',
  })
}
