import { linkSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { TrailError } from './errors.ts'

/**
 * Keeps two processes from writing one journal. Locks are numbered files (`<journal>.lock.7`); the highest number
 * holds, and the next is taken by creating it, which only one can. So a lock that a killed process left behind is taken
 * over at once and without a race: its holder is known to be dead by process id and start time.
 */
export interface JournalLock {
  release(): void
}

interface Holder {
  readonly host: string
  readonly pid: number
  readonly started: string
}

/** `elsewhere`: held from another machine, whose processes cannot be seen from here. */
export type LockAttempt = { readonly lock: JournalLock } | { readonly lock: null; readonly held: 'here' | 'elsewhere' }

const RELEASED = 'released'

export function lockJournal(folder: string, journal: string): LockAttempt {
  const numbers = lockNumbers(folder, journal)
  const last = numbers.at(-1) ?? 0
  const held = last === 0 ? null : stateOf(join(folder, lockName(journal, last)))
  if (held !== null) return { lock: null, held }
  const path = join(folder, lockName(journal, last + 1))
  if (!createWhole(path)) return { lock: null, held: 'here' }
  for (const number of numbers) rmSync(join(folder, lockName(journal, number)), { force: true })
  // The file stays: were it removed, a slow rival could still create a number that is lower than the next holder's.
  return { lock: { release: () => writeFileSync(path, RELEASED) } }
}

function lockName(journal: string, number: number): string {
  return `${journal}.lock.${number}`
}

function lockNumbers(folder: string, journal: string): number[] {
  const prefix = `${journal}.lock.`
  return readdirSync(folder)
    .filter((name) => name.startsWith(prefix))
    .map((name) => Number(name.slice(prefix.length)))
    .filter((number) => Number.isSafeInteger(number) && number > 0)
    .sort((a, b) => a - b)
}

/** Creates the file with its content in one step, so that nobody reads a lock without its holder. */
function createWhole(path: string): boolean {
  const draft = `${path}.${process.pid}.${startOf(process.pid).replaceAll(/\W/g, '')}`
  const holder: Holder = { host: hostname(), pid: process.pid, started: startOf(process.pid) }
  writeFileSync(draft, JSON.stringify(holder), { mode: 0o600 })
  try {
    linkSync(draft, path)
    return true
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'EEXIST') return false
    throw new TrailError('journal_failed', `The trail cannot lock ${path}`, { cause })
  } finally {
    rmSync(draft, { force: true })
  }
}

function stateOf(path: string): 'here' | 'elsewhere' | null {
  const text = readFileSync(path, 'utf8')
  if (text === RELEASED) return null
  let holder: Holder
  try {
    holder = JSON.parse(text) as Holder
  } catch {
    return 'elsewhere'
  }
  if (holder.host !== hostname()) return 'elsewhere'
  return isAlive(holder) ? 'here' : null
}

function isAlive({ pid, started }: Holder): boolean {
  try {
    process.kill(pid, 0)
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM' && startOf(pid) === started
  }
  return startOf(pid) === started
}

/** When the process began, as the kernel tells it; the same for all where it does not, so that the id alone decides. */
function startOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The second field is the program's name in parentheses, which may hold spaces: count from behind it.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? ''
  } catch {
    return ''
  }
}
