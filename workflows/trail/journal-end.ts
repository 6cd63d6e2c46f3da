import { hash } from 'node:crypto'
import { TrailError } from './errors.ts'
import type { JournalFile } from './journal-files.ts'
import { HASH_OF_NOTHING, linkOf, recordOf } from './line.ts'
import { readLines } from './read-lines.ts'

/** Bytes behind the last complete line: a write that a crash cut short, so nobody was ever told that it was recorded. */
export interface TornEnd {
  readonly file: string
  readonly bytes: number
  readonly sha256: string
}

/** Where a journal ends, and so where its next file begins. */
export interface JournalEnd {
  readonly seq: number
  readonly hash: string
  /** The file that holds the last record; null: there is no record yet. */
  readonly file: JournalFile | null
  /** How many bytes of that file are complete lines. */
  readonly bytes: number
  readonly torn: readonly TornEnd[]
}

/**
 * Reads the last file whole and checks its chain; the files before it are checked by `verifyTrail`, which has the time.
 * @throws TrailError journal_damaged when anything but an unfinished last line is wrong
 */
export function findEnd(files: readonly JournalFile[]): JournalEnd {
  const torn: TornEnd[] = []
  for (const file of files.toReversed()) {
    const end = readEnd(file)
    if (end.torn !== null) torn.unshift(end.torn)
    if (end.seq !== null) return { seq: end.seq, hash: end.hash, file, bytes: end.bytes, torn }
    // A file without one complete line was being opened when the process died: it is written anew.
  }
  return { seq: 0, hash: HASH_OF_NOTHING, file: null, bytes: 0, torn }
}

interface FileEnd {
  readonly seq: number | null
  readonly hash: string
  readonly bytes: number
  readonly torn: TornEnd | null
}

function readEnd(file: JournalFile): FileEnd {
  let seq: number | null = null
  let lastLine = ''
  let last = ''
  let bytes = 0
  let torn: TornEnd | null = null
  for (const { lines, offset, rest } of readLines(file.path)) {
    for (const line of lines) {
      const link = linkOf(line)
      const expected: number = seq === null ? file.firstSeq : seq + 1
      if (link === null || link.seq !== expected) throw damaged(file, expected)
      if (seq !== null && link.prev !== last) throw damaged(file, seq)
      last = hash('sha256', line)
      lastLine = line
      seq = link.seq
    }
    bytes = offset
    if (rest.length > 0) torn = { file: file.name, bytes: rest.length, sha256: hash('sha256', rest) }
  }
  // No later record vouches for the last one, so it must at least be a record.
  if (seq !== null && recordOf(lastLine) === null) throw damaged(file, seq)
  return { seq, hash: last, bytes, torn }
}

function damaged(file: JournalFile, seq: number): TrailError {
  return new TrailError(
    'journal_damaged',
    `The trail is damaged at record ${seq} of ${file.path}; it is not continued`,
    {
      hint: `Run holdpoint audit verify, keep a copy, then move the files ${file.journal}.* out of the folder to begin a new journal`,
    },
  )
}
