import { randomBytes } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { codeOf, TrailError } from './errors.ts'
import { findEnd, type JournalEnd } from './journal-end.ts'
import { listJournals } from './journal-files.ts'
import { type JournalLock, lockJournal } from './journal-lock.ts'
import { Journal, type JournalOptions } from './journal-writer.ts'

/**
 * @throws TrailError journal_locked while another process writes it, journal_damaged when its last file is not what
 * was written, journal_failed when the folder cannot be used
 */
export async function openJournal(options: JournalOptions): Promise<Journal> {
  try {
    mkdirSync(options.folder, { recursive: true, mode: 0o700 })
    const { journal, lock, end } = takeJournal(options)
    return new Journal(options, journal, lock, end)
  } catch (cause) {
    if (cause instanceof TrailError) throw cause
    throw new TrailError('journal_failed', `The trail cannot be opened in ${options.folder}${codeOf(cause)}`, { cause })
  }
}

interface Taken {
  readonly journal: string
  readonly lock: JournalLock
  readonly end: JournalEnd
}

/** The journal this process name wrote last, or a new one where there is none that can be continued. */
function takeJournal({ folder, process, log }: JournalOptions): Taken {
  const own = [...listJournals(folder).keys()].filter((name) => name.slice(0, -9) === process)
  for (const journal of own) {
    const attempt = lockJournal(folder, journal)
    if (attempt.lock === null && attempt.held === 'here') throw locked(journal, folder)
    if (attempt.lock === null) {
      log.warn({ journal }, 'another machine may be writing this journal; a new one is begun')
      continue
    }
    return continueJournal(folder, journal, attempt.lock)
  }
  const journal = `${process}-${randomBytes(4).toString('hex')}`
  const { lock } = lockJournal(folder, journal)
  if (lock === null) throw locked(journal, folder)
  return { journal, lock, end: findEnd([]) }
}

function continueJournal(folder: string, journal: string, lock: JournalLock): Taken {
  try {
    // Listed again: its last writer may have gone on between the first look and the lock.
    return { journal, lock, end: findEnd(listJournals(folder).get(journal) ?? []) }
  } catch (error) {
    lock.release()
    throw error
  }
}

function locked(journal: string, folder: string): TrailError {
  return new TrailError('journal_locked', `Another process writes the journal ${journal} in ${folder}`, {
    hint: 'Stop the other instance, or give this one its own data folder with --data',
  })
}
