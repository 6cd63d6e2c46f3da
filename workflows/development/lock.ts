import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { writePrivately } from './data-folder.ts'
import { DevelopmentError } from './errors.ts'

/**
 * One tree on one data folder. The lock is the kernel's (SQLite takes it on a file of its own), so it ends with the
 * process however that dies, and there is no stale lock to guess about. The pid beside it is only for the message.
 */
export interface Lock {
  /** The last tree on this folder did not end by itself: parts of it may just be noticing. */
  readonly afterCrash: boolean
  release(): void
}

/** A connection that nobody holds on to is closed when memory is tidied, and the lock with it. */
const held = new Set<DatabaseSync>()

export function lockDataFolder(path: string): Lock {
  const database = new DatabaseSync(join(path, 'lock'), { timeout: 0 })
  try {
    database.exec('BEGIN EXCLUSIVE')
  } catch (cause) {
    database.close()
    throw new DevelopmentError('already_running', `Holdpoint already runs on ${path}${holder(path)}.`, {
      cause,
      hint: 'Use that one, end it with Ctrl-C, or start another beside it: npm start -- --data OTHER --port 0',
    })
  }
  held.add(database)
  const afterCrash = existsSync(join(path, 'pid'))
  writePrivately(join(path, 'pid'), `${process.pid}\n`)
  return {
    afterCrash,
    release: () => {
      rmSync(join(path, 'pid'), { force: true })
      held.delete(database)
      database.close()
    },
  }
}

function holder(path: string): string {
  try {
    return ` (process ${readFileSync(join(path, 'pid'), 'utf8').trim()})`
  } catch {
    return ''
  }
}
