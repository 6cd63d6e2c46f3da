import { hash, randomBytes } from 'node:crypto'
import { closeSync, fdatasync, fdatasyncSync, fsyncSync, mkdirSync, openSync, truncateSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import type { Config } from '../../config.ts'
import type { Log } from '../../log.ts'
import packageFile from '../../package.json' with { type: 'json' }
import { TrailError } from './errors.ts'
import type { StatementRecord, TrailEventName, TrailEvents } from './events.ts'
import { findEnd, type JournalEnd } from './journal-end.ts'
import { journalFileName, listJournals } from './journal-files.ts'
import { type JournalLock, lockJournal } from './journal-lock.ts'
import { canonical, canonicalText, type Origin } from './line.ts'
import { completedBody, type OwnPart, SharedParts, sharedPart, statementBody } from './statement-body.ts'
import type { Trail } from './trail.ts'

/**
 * This process's journal: records are chained as they are appended, written together at the end of the event loop's
 * turn with one write, and acknowledged then.
 *
 *   writing ──a write or sync fails──▶ failed     every waiting callback gets the error, every append throws
 *      └──close──▶ closed
 *
 * There is no way back from failed: what is on disk is not known any more. A new process finds the end and goes on.
 */
export interface JournalOptions {
  /** The trail's folder, `<data>/trail`; made when it is missing. */
  readonly folder: string
  /** Which process of the tree writes: proxy-1, worker … Its successor continues the journal. */
  readonly process: string
  readonly durability: Config['trail']['durability']
  readonly now: () => number
  readonly log: Pick<Log, 'info' | 'warn' | 'error'>
  readonly fileBytesMax?: number
}

type Written = (error: Error | null) => void

const FILE_BYTES_MAX = 64 * 1024 * 1024
/** A turn that appends more than this writes before its end, so that a burst does not pile up in memory. */
const PENDING_CHARACTERS_MAX = 1 << 20

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

export class Journal implements Trail {
  readonly id: string
  readonly #options: JournalOptions
  readonly #lock: JournalLock
  readonly #shared = new SharedParts()
  #file = -1
  #closed = false
  #fileName = ''
  #fileBytes = 0
  #seq: number
  #prev: string
  #pending = ''
  #waiting: Written[] = []
  #turn: NodeJS.Immediate | null = null
  #sync: Promise<void> | null = null
  #syncWaiting: Written[] = []
  #failure: TrailError | null = null
  #atMs = 0
  #at = ''

  /** Use openJournal. */
  constructor(options: JournalOptions, id: string, lock: JournalLock, end: JournalEnd) {
    this.#options = options
    this.id = id
    this.#lock = lock
    this.#seq = end.seq
    this.#prev = end.hash
    this.#fileName = end.file?.name ?? ''
    try {
      this.#openFile(end.torn, 'w')
    } catch (error) {
      lock.release()
      throw error
    }
    // Only now that the record of it is written; were the process killed in between, that record explains the rest.
    if (end.file !== null && end.torn.some(({ file }) => file === end.file?.name)) {
      truncateSync(end.file.path, end.bytes)
      options.log.warn({ journal: id, cut: end.torn }, 'the trail ended in an unfinished line, which was cut off')
    }
  }

  append<Name extends TrailEventName>(name: Name, event: TrailEvents[Name]): void {
    this.#record(name, bodyOf(name, event), null)
  }

  appendStatement(name: 'statement.intended' | 'statement.denied', own: OwnPart, shared: string): void {
    this.#record(name, statementBody(name, own, this.#shared.canonical(shared)), null)
  }

  /** For what happened in the state database: keeps the id and the time it has there. */
  appendOriginated(name: string, body: object, origin: Origin): void {
    this.#record(name, canonical(body), origin)
  }

  whenWritten(callback: Written): void {
    this.#waiting.push(callback)
    this.#schedule()
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    if (this.#turn !== null) clearImmediate(this.#turn)
    this.#endTurn()
    await this.#sync
    if (this.#failure === null) this.#attempt(() => fdatasyncSync(this.#file))
    closeSync(this.#file)
    this.#failure ??= new TrailError('journal_closed', 'The trail is closed')
    this.#lock.release()
  }

  #record(name: string, body: string, origin: Origin | null): void {
    if (this.#failure !== null) throw this.#failure
    const line = this.#chain(name, body, origin)
    this.#pending += line
    this.#schedule()
    if (this.#pending.length > PENDING_CHARACTERS_MAX) this.#write()
    if (this.#failure !== null) throw this.#failure
  }

  /** Makes the next record of the chain, its newline included. */
  #chain(name: string, body: string, origin: Origin | null): string {
    const source = origin === null ? '' : `"origin":${canonical({ at: origin.at, id: origin.id })},`
    const seq = this.#seq + 1
    const line = `{"at":"${this.#time()}","body":${body},"event":${canonicalText(name)},"journal":"${this.id}",${source}"prev":"${this.#prev}","seq":${seq}}`
    this.#prev = hash('sha256', line)
    this.#seq = seq
    return `${line}\n`
  }

  #time(): string {
    const now = this.#options.now()
    if (now !== this.#atMs || this.#at === '') {
      this.#atMs = now
      this.#at = new Date(now).toISOString()
    }
    return this.#at
  }

  #schedule(): void {
    this.#turn ??= setImmediate(() => this.#endTurn())
  }

  #endTurn(): void {
    this.#turn = null
    this.#write()
    const waiting = this.#waiting
    this.#waiting = []
    if (this.#options.durability === 'process' || this.#failure !== null) this.#answer(waiting)
    else this.#answerWhenSynced(waiting)
  }

  #write(): void {
    if (this.#failure !== null || this.#pending === '') return
    const bytes = Buffer.from(this.#pending, 'utf8')
    this.#pending = ''
    this.#attempt(() => {
      writeWhole(this.#file, bytes)
      this.#fileBytes += bytes.length
      if (this.#fileBytes >= (this.#options.fileBytesMax ?? FILE_BYTES_MAX)) this.#rotate()
    })
  }

  #rotate(): void {
    const full = this.#file
    if (this.#options.durability === 'disk') fdatasyncSync(full)
    this.#openFile([], 'wx')
    // A sync that is under way still uses the number, which must not name another file meanwhile.
    if (this.#sync === null) closeSync(full)
    else void this.#sync.finally(() => closeSync(full))
  }

  /** @param flag w: a file of this name can only be one that was being opened when its process died */
  #openFile(cut: JournalEnd['torn'], flag: 'w' | 'wx'): void {
    const name = journalFileName(this.id, this.#seq + 1)
    const opened = {
      process: this.#options.process,
      version: packageFile.version,
      continues: this.#fileName || null,
      cut,
    }
    this.#file = openSync(join(this.#options.folder, name), flag, 0o600)
    const bytes = Buffer.from(this.#chain('journal.opened', canonical(opened), null), 'utf8')
    writeWhole(this.#file, bytes)
    if (this.#options.durability === 'disk') syncFolder(this.#file, this.#options.folder)
    this.#fileName = name
    this.#fileBytes = bytes.length
  }

  /** One sync at a time; what is written while it runs waits for the next one together. */
  #answerWhenSynced(waiting: Written[]): void {
    this.#syncWaiting.push(...waiting)
    if (this.#sync !== null || this.#syncWaiting.length === 0) return
    this.#sync = this.#syncAll().finally(() => {
      this.#sync = null
    })
  }

  async #syncAll(): Promise<void> {
    while (this.#syncWaiting.length > 0) {
      const waiting = this.#syncWaiting
      this.#syncWaiting = []
      await this.#syncOnce()
      this.#answer(waiting)
    }
  }

  async #syncOnce(): Promise<void> {
    if (this.#failure !== null) return
    const file = this.#file
    const error = await new Promise<Error | null>((resolve) => fdatasync(file, resolve))
    if (error !== null) this.#fail(error)
  }

  #attempt(work: () => void): void {
    try {
      work()
    } catch (error) {
      this.#fail(error)
    }
  }

  #fail(cause: unknown): void {
    if (this.#failure !== null) return
    this.#pending = ''
    this.#failure = new TrailError('journal_failed', `The trail cannot be written${codeOf(cause)}`, {
      cause,
      hint: 'Free the disk or mend the folder’s permissions, then start again; until then no statement runs',
    })
    this.#options.log.error({ journal: this.id, err: this.#failure }, 'the trail cannot be written: no statement runs')
  }

  #answer(waiting: readonly Written[]): void {
    for (const callback of waiting) {
      try {
        callback(this.#failure)
      } catch (error) {
        // One session's mistake must not leave the others waiting.
        queueMicrotask(() => {
          throw error
        })
      }
    }
  }
}

function bodyOf<Name extends TrailEventName>(name: Name, event: TrailEvents[Name]): string {
  if (name === 'statement.completed') return completedBody(event as TrailEvents['statement.completed'])
  if (name === 'statement.intended' || name === 'statement.denied') {
    const record = event as StatementRecord & { readonly hold?: string | null }
    return statementBody(name, { ...record, hold: record.hold ?? null }, sharedPart(record))
  }
  return canonical(event)
}

function writeWhole(file: number, bytes: Buffer): void {
  for (let written = 0; written < bytes.length; ) written += writeSync(file, bytes, written)
}

/** The file, and the folder that names it. */
function syncFolder(file: number, folder: string): void {
  fsyncSync(file)
  const handle = openSync(folder, 'r')
  try {
    fsyncSync(handle)
  } finally {
    closeSync(handle)
  }
}

function codeOf(cause: unknown): string {
  return cause instanceof Error && 'code' in cause && typeof cause.code === 'string' ? ` (${cause.code})` : ''
}
