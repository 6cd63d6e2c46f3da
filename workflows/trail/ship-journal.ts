import { hash } from 'node:crypto'
import type { Pool } from 'pg'
import { TrailError } from './errors.ts'
import { type JournalFile, listJournals } from './journal-files.ts'
import { HASH_OF_NOTHING, linkOf, recordOf } from './line.ts'
import { readLines } from './read-lines.ts'
import { shippedInputs } from './shipped-inputs.ts'

/**
 * Copies one journal into the state database, record by record in order, and follows its chain while doing so: what
 * does not fit is never shipped, and nothing behind it. Where it stands is what the database has, so a new process, or
 * the same after an error, goes on exactly there.
 */
export class JournalShipping {
  readonly #folder: string
  readonly #journal: string
  readonly #pool: Pool
  #position: Position | null = null

  constructor(folder: string, journal: string, pool: Pool) {
    this.#folder = folder
    this.#journal = journal
    this.#pool = pool
  }

  /**
   * Ships the next few hundred records.
   * @returns how many; 0: the database has all that is written
   * @throws TrailError shipping_refused when files and database do not continue each other; whatever `pg` throws
   */
  async shipSome(): Promise<number> {
    // Before the file is read to its end: a file that has a successor now is not written any more.
    const files = listJournals(this.#folder).get(this.#journal) ?? []
    this.#position ??= await this.#findPosition(files)
    for (let position = this.#position; ; position = this.#position) {
      const [chunk] = readLines(position.file.path, position.offset)
      if (chunk !== undefined && chunk.lines.length > 0) return this.#ship(position, chunk.lines, chunk.offset)
      const next = files.find(({ firstSeq }) => firstSeq === position.seq + 1)
      if (next === undefined || next.path === position.file.path) return 0
      this.#position = { ...position, file: next, offset: 0 }
    }
  }

  async #ship(position: Position, lines: readonly string[], offset: number): Promise<number> {
    const batch = this.#follow(position, lines)
    try {
      await this.#pool.query(INSERT, [
        ...[this.#journal, position.seq + 1, lines.join('\n'), batch.seqs, batch.ids],
        ...inputColumns(lines),
      ])
    } catch (error) {
      // Another process may have shipped it, or the answer was lost: the database tells.
      this.#position = null
      throw error
    }
    this.#position = { ...position, offset, seq: position.seq + lines.length, hash: batch.hash }
    return lines.length
  }

  #follow(position: Position, lines: readonly string[]): Batch {
    let { seq, hash: prev } = position
    const origins = new Map<string, number>()
    for (const line of lines) {
      const link = linkOf(line)
      if (link === null || link.seq !== seq + 1 || link.prev !== prev) throw this.#refused(seq + 1, position.file)
      prev = hash('sha256', line)
      seq = link.seq
      const id = line.includes('"origin":{') ? recordOf(line)?.origin?.id : undefined
      if (id !== undefined && !origins.has(id)) origins.set(id, seq)
    }
    return { hash: prev, seqs: [...origins.values()], ids: [...origins.keys()] }
  }

  /** Just behind the record that the database has last, which must be the same in the file. */
  async #findPosition(files: readonly JournalFile[]): Promise<Position> {
    const { rows } = await this.#pool.query<{ seq: string; hash: Buffer }>(LAST, [this.#journal])
    const last = rows[0] ?? { seq: '0', hash: Buffer.from(HASH_OF_NOTHING, 'hex') }
    const seq = Number(last.seq)
    const hashed = last.hash.toString('hex')
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

interface Batch {
  readonly hash: string
  readonly seqs: readonly number[]
  readonly ids: readonly string[]
}

const LAST = 'SELECT seq, hash FROM trail_record WHERE journal = $1 ORDER BY seq DESC LIMIT 1'

/**
 * The lines as one text, taken apart by the server: a newline is never within a line, and `at` is its first field. An
 * event that two journals hold, because a process died between writing it and saying so, has its id on the first. What
 * they say of policy inputs is counted in the same statement, so exactly once.
 */
const INSERT = `
  WITH shipped AS (
  INSERT INTO trail_record (journal, seq, line, hash, event_id, at)
  SELECT $1, r.seq, r.line, sha256(convert_to(r.line, 'UTF8')), o.id, substr(r.line, 8, 24)::timestamptz
  FROM (SELECT $2::bigint + ordinality - 1 AS seq, line
        FROM unnest(string_to_array($3, E'\\n')) WITH ORDINALITY AS lines (line, ordinality)) AS r
  LEFT JOIN unnest($4::bigint[], $5::text[]) AS o (seq, id)
    ON o.seq = r.seq AND NOT EXISTS (SELECT FROM trail_record WHERE event_id = o.id)
  ), inputs AS (
  INSERT INTO policy_input (digest, input, first_seen)
  SELECT * FROM unnest($6::text[], $7::json[], $8::timestamptz[])
  ON CONFLICT (digest) DO NOTHING
  )
  INSERT INTO policy_input_day (input, day, policy, outcome, decisions)
  SELECT * FROM unnest($9::text[], $10::date[], $11::text[], $12::text[], $13::bigint[])
  ON CONFLICT (input, day, policy, outcome)
    DO UPDATE SET decisions = policy_input_day.decisions + excluded.decisions`

function inputColumns(lines: readonly string[]): readonly (readonly (string | number)[])[] {
  const { inputs, counts } = shippedInputs(lines)
  return [
    ...[inputs.digests, inputs.texts, inputs.times],
    ...[counts.inputs, counts.days, counts.policies, counts.outcomes, counts.decisions],
  ]
}
