import { hash } from 'node:crypto'
import { HASH_OF_NOTHING, recordOf, type TrailRecord } from './line.ts'

/** Where a record was read: a file's line, counted from 1, or the state database. */
export interface Place {
  readonly file: string | null
  readonly line: number | null
}

export type Problem =
  /** Not a record: damaged bytes, a line cut short, something else. */
  | 'unreadable'
  /** The next record vouches for other bytes. */
  | 'edited'
  | 'missing'
  | 'reordered'
  | 'repeated'
  /** A record of another journal. */
  | 'foreign'
  /** The state database’s copy and the file are not the same. */
  | 'copy_differs'
  | 'copy_missing'
  | 'files_missing'

/** The first record of a journal that is not as it was written. */
export interface Fault extends Place {
  readonly journal: string
  readonly seq: number
  readonly problem: Problem
  readonly detail: string
}

interface Link extends Place {
  readonly seq: number
  readonly prev: string
  readonly hash: string
}

const START: Link = { seq: 0, prev: '', hash: HASH_OF_NOTHING, file: null, line: null }

/**
 * Follows one journal's chain, record by record, and names the first that is wrong. A record is vouched for by the one
 * behind it, so a link that does not fit is judged one record later: if the record behind is vouched for itself, the
 * one before was changed; else it is the one behind.
 */
export class Chain {
  readonly #journal: string
  #last: Link = START
  /** Does not fit to `last`; the next record decides what is wrong. */
  #doubtful: Link | null = null

  constructor(journal: string) {
    this.#journal = journal
  }

  /** The last record that is known to fit. */
  get seq(): number {
    return this.#last.seq
  }

  get hash(): string {
    return this.#last.hash
  }

  /** Whether the record read last did not fit, and why is not known yet. */
  get doubts(): boolean {
    return this.#doubtful !== null
  }

  check(line: string, place: Place): Fault | null {
    const record = recordOf(line)
    if (this.#doubtful !== null) return this.#explain(this.#doubtful, record)
    if (record === null) return this.#fault('unreadable', this.seq + 1, place, 'the line is not a record')
    if (record.journal !== this.#journal)
      return this.#fault('foreign', record.seq, place, `the record belongs to ${record.journal}`)
    const link = { seq: record.seq, prev: record.prev, hash: hash('sha256', line), file: place.file, line: place.line }
    if (link.seq <= this.seq) return this.#fault('repeated', link.seq, place, `record ${this.seq} stands before it`)
    if (link.seq === this.seq + 1 && link.prev === this.hash) this.#last = link
    else this.#doubtful = link
    return null
  }

  /** There is no record after this one. */
  end(): Fault | null {
    return this.#doubtful === null ? null : this.#explain(this.#doubtful, null)
  }

  /** @param next the record behind the doubtful one, where there is one */
  #explain(doubtful: Link, next: TrailRecord | null): Fault {
    const expected = this.seq + 1
    if (doubtful.seq !== expected) {
      if (next?.seq === expected)
        return this.#fault('reordered', doubtful.seq, doubtful, `it stands before record ${expected}`)
      const missing =
        doubtful.seq - 1 === expected ? `record ${expected} is` : `records ${expected} to ${doubtful.seq - 1} are`
      return this.#fault('missing', expected, doubtful, `${missing} missing; record ${doubtful.seq} stands here`)
    }
    const changedItself = next !== null && next.seq === doubtful.seq + 1 && next.prev !== doubtful.hash
    if (changedItself || this.seq === 0)
      return this.#fault('edited', doubtful.seq, doubtful, 'it fits neither the record before it nor the one behind')
    return this.#fault(
      'edited',
      this.seq,
      this.#last,
      `record ${doubtful.seq} was written after other bytes than these`,
    )
  }

  #fault(problem: Problem, seq: number, { file, line }: Place, detail: string): Fault {
    return { journal: this.#journal, seq, file, line, problem, detail }
  }
}
