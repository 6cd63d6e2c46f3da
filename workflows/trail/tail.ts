import { setTimeout as sleep } from 'node:timers/promises'
import { type JournalFile, listJournals } from './journal-files.ts'
import { recordOf, type TrailRecord } from './line.ts'
import { readLines } from './read-lines.ts'

/** What all journals of a folder say, merged by time, and then what is appended to them. */
export interface TailOptions {
  readonly folder: string
  /** RFC 3339; null: from the beginning of each journal's last file. */
  readonly since: string | null
  readonly follow: boolean
  readonly signal?: AbortSignal | undefined
  /** All that was there before has been given. */
  readonly caughtUp?: (() => void) | undefined
}

export interface Tailed {
  readonly line: string
  /** null: the line cannot be read, which `verifyTrail` explains. */
  readonly record: TrailRecord | null
  /** Was there before the tail began. */
  readonly past: boolean
}

const POLL_MS = 150

export async function* tailTrail(options: TailOptions): AsyncGenerator<Tailed, void, void> {
  const { folder, since, follow, signal, caughtUp } = options
  const stopped = (): boolean => signal?.aborted === true
  const tails = new Map<string, JournalTail>()
  for (let past = true; ; past = false) {
    for (const [journal, files] of listJournals(folder)) {
      const tail = tails.get(journal) ?? new JournalTail(past ? firstFile(files, since) : 0)
      tails.set(journal, tail)
      tail.found(files)
    }
    for (const { line, record } of merge([...tails.values()].map((tail) => tail.read())))
      if (since === null || record === null || record.at >= since) yield { line, record, past }
    if (past) caughtUp?.()
    if (!follow || stopped()) return
    await sleep(POLL_MS, undefined, { signal }).catch(() => undefined)
    if (stopped()) return
  }
}

/** The last file, or the last one that begins before the time from which records are wanted. */
function firstFile(files: readonly JournalFile[], since: string | null): number {
  if (since === null) return files.length - 1
  const begun = files.findLastIndex((file) => {
    const [first] = readLines(file.path)
    return (recordOf(first?.lines[0] ?? '')?.at ?? '') < since
  })
  return Math.max(begun, 0)
}

type Read = Pick<Tailed, 'line' | 'record'>

class JournalTail {
  #files: readonly JournalFile[] = []
  #index: number
  #offset = 0

  constructor(firstFile: number) {
    this.#index = firstFile
  }

  found(files: readonly JournalFile[]): void {
    this.#files = files
  }

  /** Everything that is complete now and was not read yet. */
  *read(): Generator<Read, void, void> {
    for (;;) {
      const file = this.#files[this.#index]
      if (file === undefined) return
      for (const { lines, offset } of readLines(file.path, this.#offset)) {
        this.#offset = offset
        for (const line of lines) yield { line, record: recordOf(line) }
      }
      if (this.#index === this.#files.length - 1) return
      this.#index++
      this.#offset = 0
    }
  }
}

function* merge(sources: readonly Iterator<Read>[]): Generator<Read, void, void> {
  const heads = sources.map((source) => ({ source, next: source.next() })).filter(({ next }) => next.done !== true)
  while (heads.length > 0) {
    const earliest = heads.reduce((best, head) => (timeOf(head.next) < timeOf(best.next) ? head : best))
    yield earliest.next.value as Read
    earliest.next = earliest.source.next()
    if (earliest.next.done === true) heads.splice(heads.indexOf(earliest), 1)
  }
}

/** A line that cannot be read comes where it stands. */
function timeOf(next: IteratorResult<Read>): string {
  return (next.value as Read | undefined)?.record?.at ?? ''
}
