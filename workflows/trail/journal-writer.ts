import { truncateSync } from 'node:fs'
import type { Config } from '../../config.ts'
import type { Log } from '../../log.ts'
import packageFile from '../../package.json' with { type: 'json' }
import { codeOf, TrailError } from './errors.ts'
import type { TrailEventName, TrailEvents } from './events.ts'
import type { JournalEnd } from './journal-end.ts'
import { journalFileName } from './journal-files.ts'
import type { JournalLock } from './journal-lock.ts'
import { JournalSink } from './journal-sink.ts'
import { canonical, lineOf, type Origin } from './line.ts'
import { PendingLines } from './pending-lines.ts'
import { eventBody, type OwnPart, type SharedJson, statementBody } from './statement-body.ts'
import { Timestamps } from './timestamps.ts'
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
const PENDING_BYTES_MAX = 1 << 20

export class Journal implements Trail {
  readonly id: string
  readonly #options: JournalOptions
  readonly #lock: JournalLock
  readonly #time: Timestamps
  readonly #sink: JournalSink
  #closed = false
  #seq: number
  #prev: string
  readonly #pending = new PendingLines()
  #waiting: Written[] = []
  #turn: NodeJS.Immediate | null = null
  #sync: Promise<void> | null = null
  #syncWaiting: Written[] = []
  #failure: TrailError | null = null

  /** Use openJournal. */
  constructor(options: JournalOptions, id: string, lock: JournalLock, end: JournalEnd) {
    this.#options = options
    this.id = id
    this.#time = new Timestamps(options.now)
    this.#lock = lock
    this.#seq = end.seq
    this.#prev = end.hash
    const { folder, durability } = options
    this.#sink = new JournalSink({ folder, durable: durability === 'disk', lastFile: end.file?.name ?? null })
    try {
      this.#openFile(end.torn)
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
    this.#record(name, eventBody(name, event), null)
  }

  appendStatement(name: 'statement.intended' | 'statement.denied', own: OwnPart, shared: SharedJson): void {
    this.#record(name, statementBody(name, own, shared), null)
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
    this.#attempt(() => this.#sink.close())
    this.#failure ??= new TrailError('journal_closed', 'The trail is closed')
    this.#lock.release()
  }

  #record(name: string, body: string, origin: Origin | null): void {
    if (this.#failure !== null) throw this.#failure
    this.#chain(this.#pending, name, body, origin)
    this.#schedule()
    if (this.#pending.length > PENDING_BYTES_MAX) this.#write()
    if (this.#failure !== null) throw this.#failure
  }

  /** Makes the next record of the chain. */
  #chain(lines: PendingLines, name: string, body: string, origin: Origin | null): void {
    const seq = this.#seq + 1
    const line = lineOf({ at: this.#time.next(), body, event: name, journal: this.id, origin, prev: this.#prev, seq })
    this.#prev = lines.add(line)
    this.#seq = seq
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
    if (this.#failure !== null || this.#pending.length === 0) return
    const bytes = this.#pending.take()
    this.#attempt(() => {
      this.#sink.write(bytes)
      if (this.#sink.bytes >= (this.#options.fileBytesMax ?? FILE_BYTES_MAX)) this.#openFile([])
    })
  }

  #openFile(cut: JournalEnd['torn']): void {
    const { process } = this.#options
    const opened = { process, version: packageFile.version, continues: this.#sink.name, cut }
    const name = journalFileName(this.id, this.#seq + 1)
    const first = new PendingLines()
    this.#chain(first, 'journal.opened', canonical(opened), null)
    this.#sink.open(name, first.take())
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
      if (this.#failure === null) await this.#sink.sync().catch((error: unknown) => this.#fail(error))
      this.#answer(waiting)
    }
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
    this.#pending.take()
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
