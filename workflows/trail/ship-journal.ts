import { hash } from 'node:crypto'
import type { Pool } from 'pg'
import { TrailError } from './errors.ts'
import { type FollowedRun, followRun } from './followed-run.ts'
import { type JournalFile, listJournals } from './journal-files.ts'
import { HASH_OF_NOTHING } from './line.ts'
import { readBytes, readLines } from './read-lines.ts'
import { shippedEnd } from './shipped-lines.ts'

/** As much as is shipped in one go: in a quiet hour a few records, under load thousands. */
const BATCH_BYTES = 1 << 19

/**
 * Copies one journal into the state database, a run of records at a time, and follows its chain while doing so: what
 * does not fit is never shipped, and nothing behind it. Where it stands is what the database has, so a new process, or
 * the same after an error, goes on exactly there.
 */
export class JournalShipping {
  readonly #folder: string
  readonly #journal: string
  readonly #pool: Pool
  /** Used again and again: half a megabyte for every look would keep the collector busy. */
  readonly #chunk = Buffer.allocUnsafeSlow(BATCH_BYTES)
  #position: Position | null = null

  constructor(folder: string, journal: string, pool: Pool) {
    this.#folder = folder
    this.#journal = journal
    this.#pool = pool
  }

  /**
   * Ships the next run of records.
   * @returns how many; 0: the database has all that is written
   * @throws TrailError shipping_refused when files and database do not continue each other; whatever `pg` throws
   */
  async shipSome(): Promise<number> {
    // Before the file is read to its end: a file that has a successor now is not written any more.
    const files = listJournals(this.#folder).get(this.#journal) ?? []
    this.#position ??= await this.#findPosition(files)
    for (let position = this.#position; ; position = this.#position) {
      const [chunk] = readBytes(position.file.path, position.offset, this.#chunk)
      if (chunk !== undefined && chunk.whole !== null) return this.#ship(position, chunk.whole, chunk.offset)
      const next = files.find(({ firstSeq }) => firstSeq === position.seq + 1)
      if (next === undefined || next.path === position.file.path) return 0
      this.#position = { ...position, file: next, offset: 0 }
    }
  }

  async #ship(position: Position, whole: Buffer, offset: number): Promise<number> {
    const run = followRun(whole, this.#journal, position)
    if (typeof run === 'number') throw this.#refused(run, position.file)
    try {
      await this.#pool.query(INSERT, this.#columns(position, run, whole))
    } catch (error) {
      // Another process may have shipped it, or the answer was lost: the database tells.
      this.#position = null
      throw error
    }
    this.#position = { ...position, offset, seq: run.seq, hash: run.hash }
    return run.seq - position.seq
  }

  #columns({ seq }: Position, run: FollowedRun, whole: Buffer): unknown[] {
    const { firstAt, lastAt, origins, inputs } = run
    return [
      ...[this.#journal, seq + 1, run.seq, Buffer.from(run.hash, 'hex'), firstAt, lastAt, whole],
      ...[[...origins.values()], [...origins.keys()]],
      ...inputs.columns(),
    ]
  }

  /** Just behind the record that the database has last, which must be the same in the file. */
  async #findPosition(files: readonly JournalFile[]): Promise<Position> {
    const { seq, hash: hashed } = (await shippedEnd(this.#pool, this.#journal)) ?? { seq: 0, hash: HASH_OF_NOTHING }
    const file = files.findLast(({ firstSeq }) => firstSeq <= Math.max(seq, 1))
    if (file === undefined) throw this.#refused(seq + 1, files[0])
    if (seq === 0) return { file, offset: 0, seq, hash: hashed }
    const offset = this.#offsetBehind(file, seq, hashed)
    return { file, offset, seq, hash: hashed }
  }

  #offsetBehind(file: JournalFile, seq: number, hashed: string): number {
    let at = file.firstSeq
    let start = 0
    for (const { lines, offset } of readLines(file.path)) {
      const line = lines[seq - at]
      if (line !== undefined) {
        if (hash('sha256', line) !== hashed) throw this.#refused(seq, file)
        const through = lines.slice(0, seq - at + 1)
        return through.reduce((sum, text) => sum + Buffer.byteLength(text) + 1, start)
      }
      at += lines.length
      start = offset
    }
    throw this.#refused(at, file)
  }

  #refused(seq: number, file: JournalFile | undefined): TrailError {
    const where = file === undefined ? 'which no file holds' : `in ${file.name}`
    const message = `Record ${seq} of the journal ${this.#journal}, ${where}, does not continue what was shipped`
    return new TrailError('shipping_refused', message, { hint: 'Run holdpoint audit verify' })
  }
}

interface Position {
  readonly file: JournalFile
  readonly offset: number
  /** The record that was shipped last, and its hash. */
  readonly seq: number
  readonly hash: string
}

/**
 * The lines go as they are: bytes, which the server takes for text. An event that two journals hold, because a process
 * died between writing it and saying so, has its id on the first. What they say of policy inputs is counted in the same
 * statement, so exactly once: who ships the same a second time begins where a batch begins already, and is refused.
 */
const INSERT = `
  WITH shipped AS (
  INSERT INTO trail_batch (journal, first_seq, last_seq, last_hash, first_at, last_at, lines)
  VALUES ($1, $2, $3, $4, $5, $6, $7)
  ), origins AS (
  INSERT INTO trail_origin (event_id, journal, seq)
  SELECT id, $1, seq FROM unnest($8::bigint[], $9::text[]) AS o (seq, id)
  ON CONFLICT (event_id) DO NOTHING
  ), inputs AS (
  INSERT INTO policy_input (digest, input, first_seen)
  SELECT * FROM unnest($10::text[], $11::json[], $12::timestamptz[])
  ON CONFLICT (digest) DO NOTHING
  )
  INSERT INTO policy_input_day (input, day, policy, outcome, decisions)
  SELECT * FROM unnest($13::text[], $14::date[], $15::text[], $16::text[], $17::bigint[])
  ON CONFLICT (input, day, policy, outcome)
    DO UPDATE SET decisions = policy_input_day.decisions + excluded.decisions`
