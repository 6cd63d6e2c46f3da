import { statSync } from 'node:fs'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Pool } from 'pg'
import { Chain, type Fault } from './chain.ts'
import { type JournalFile, listJournals } from './journal-files.ts'
import { linkOf, recordOf } from './line.ts'
import { readLines } from './read-lines.ts'
import { checkCopy, compareWithCopy, type FiledRecord, type ShippedCopy, shippedCopies } from './shipped-copy.ts'

/**
 * Proves the trail unbroken, or names the first bad record of every journal that is not: the chain of each journal
 * through all its files, and the files against what was shipped to the state database. What files alone cannot show is
 * a journal that was cut at its end or removed whole: only the shipped copy knows how far it went.
 */
export interface VerifyOptions {
  /** The trail's folder; left out: only the state database is checked. */
  readonly folder?: string | undefined
  /** The state database; left out: only the files are checked. */
  readonly pool?: Pool | undefined
  /** The state database also holds journals of other machines, whose files are not here. */
  readonly otherMachines?: boolean | undefined
  readonly progress?: ((done: Progress) => void) | undefined
}

export interface Progress {
  readonly records: number
  readonly bytes: number
  readonly bytesTotal: number
}

export interface JournalVerdict {
  readonly journal: string
  readonly records: number
  /** SHA-256 of the last record: write it down elsewhere, and the whole journal is fixed. */
  readonly lastHash: string
  readonly shipped: number
  readonly fault: Fault | null
  /** A last line that was being written when its process died, or is being written now: never acknowledged. */
  readonly unfinishedBytes: number
}

export interface Verdict {
  readonly ok: boolean
  readonly records: number
  readonly bytes: number
  readonly firstBad: Fault | null
  readonly journals: readonly JournalVerdict[]
}

export async function verifyTrail(options: VerifyOptions): Promise<Verdict> {
  const { folder, pool } = options
  // The copies first: what is shipped while the files are read is then simply not compared.
  const copies = pool === undefined ? new Map<string, ShippedCopy>() : await shippedCopies(pool)
  const journals = folder === undefined ? new Map<string, readonly JournalFile[]>() : listJournals(folder)
  const bytesTotal = [...journals.values()].flat().reduce((sum, { path }) => sum + statSync(path).size, 0)
  const tally = { records: 0, bytes: 0, bytesTotal }
  const verdicts: JournalVerdict[] = []
  for (const [journal, files] of journals) {
    const copy = copies.get(journal) ?? { journal, lastSeq: 0 }
    verdicts.push(await new JournalCheck(journal, copy, options, tally).run(files))
  }
  for (const copy of copies.values())
    if (pool !== undefined && !journals.has(copy.journal)) verdicts.push(await checkWithoutFiles(pool, copy, options))
  const firstBad = verdicts.find(({ fault }) => fault !== null)?.fault ?? null
  return { ok: firstBad === null, records: tally.records, bytes: tally.bytes, firstBad, journals: verdicts }
}

async function checkWithoutFiles(pool: Pool, copy: ShippedCopy, options: VerifyOptions): Promise<JournalVerdict> {
  const { journal, lastSeq } = copy
  const expected = options.folder !== undefined && options.otherMachines !== true
  const detail = `the state database has records 1 to ${lastSeq}, but the folder has no file of this journal`
  const fault: Fault | null = expected
    ? { journal, seq: 1, file: null, line: null, problem: 'files_missing', detail }
    : await checkCopy(pool, copy)
  return { journal, records: lastSeq, lastHash: '', shipped: lastSeq, fault, unfinishedBytes: 0 }
}

interface Tally {
  records: number
  bytes: number
  readonly bytesTotal: number
}

class JournalCheck {
  readonly #journal: string
  readonly #copy: ShippedCopy
  readonly #options: VerifyOptions
  readonly #tally: Tally
  readonly #chain: Chain
  /** Bytes behind the last complete line of the file before: the next file must say that they were cut off. */
  #unfinished: { readonly file: string; readonly bytes: number } | null = null

  constructor(journal: string, copy: ShippedCopy, options: VerifyOptions, tally: Tally) {
    this.#journal = journal
    this.#copy = copy
    this.#options = options
    this.#tally = tally
    this.#chain = new Chain(journal)
  }

  async run(files: readonly JournalFile[]): Promise<JournalVerdict> {
    let fault: Fault | null = null
    for (const file of files) {
      fault = await this.#checkFile(file)
      if (fault !== null) break
    }
    fault ??= this.#chain.end() ?? this.#checkEnd(files.at(-1))
    return {
      journal: this.#journal,
      records: this.#chain.seq,
      lastHash: this.#chain.hash,
      shipped: this.#copy.lastSeq,
      fault,
      unfinishedBytes: fault === null ? (this.#unfinished?.bytes ?? 0) : 0,
    }
  }

  async #checkFile(file: JournalFile): Promise<Fault | null> {
    let number = 0
    for (const { lines, rest, offset } of readLines(file.path)) {
      const fault = await this.#checkLines(file, lines, number)
      if (fault !== null) return fault
      number += lines.length
      this.#report(lines.length, offset)
      if (rest.length > 0) this.#unfinished = { file: file.name, bytes: rest.length }
    }
    this.#tally.bytes += statSync(file.path).size
    return null
  }

  /** The lowest of what the chain and the copy say about these lines. */
  async #checkLines(file: JournalFile, lines: readonly string[], before: number): Promise<Fault | null> {
    const records: FiledRecord[] = []
    let fault: Fault | null = null
    for (const [index, text] of lines.entries()) {
      const line = before + index + 1
      if (line === 1) fault = this.#checkStart(file, text)
      fault ??= this.#chain.check(text, { file: file.name, line })
      if (fault !== null) break
      const seq = linkOf(text)?.seq
      if (seq !== undefined) records.push({ seq, text, file: file.name, line })
    }
    const difference = await this.#compare(records)
    if (difference !== null && (fault === null || difference.seq < fault.seq)) return difference
    return fault
  }

  async #compare(records: readonly FiledRecord[]): Promise<Fault | null> {
    if (this.#options.pool !== undefined) return compareWithCopy(this.#options.pool, this.#copy, records)
    await nextTurn()
    return null
  }

  /** A file must own up to what was cut off the one before, and begin where that ended. */
  #checkStart(file: JournalFile, first: string): Fault | null {
    if (this.#chain.doubts) return null
    const seq = this.#chain.seq + 1
    const torn = this.#unfinished
    this.#unfinished = null
    if (torn !== null && !cutsOf(first).some((cut) => cut.file === torn.file && cut.bytes === torn.bytes)) {
      const detail = `the file ends in the middle of a line (${torn.bytes} bytes)`
      return { journal: this.#journal, seq, file: torn.file, line: null, problem: 'unreadable', detail }
    }
    if (file.firstSeq <= seq) return null
    const detail = `records ${seq} to ${file.firstSeq - 1} are missing, with the file that held them`
    return { journal: this.#journal, seq, file: file.name, line: 1, problem: 'missing', detail }
  }

  #checkEnd(last: JournalFile | undefined): Fault | null {
    const { seq } = this.#chain
    if (this.#copy.lastSeq <= seq) return null
    const detail = `the file ends with record ${seq}, the state database has records up to ${this.#copy.lastSeq}`
    return { journal: this.#journal, seq: seq + 1, file: last?.name ?? null, line: null, problem: 'missing', detail }
  }

  #report(records: number, offset: number): void {
    this.#tally.records += records
    const { records: done, bytes, bytesTotal } = this.#tally
    this.#options.progress?.({ records: done, bytes: bytes + offset, bytesTotal })
  }
}

function cutsOf(line: string): readonly { readonly file?: unknown; readonly bytes?: unknown }[] {
  const cut = recordOf(line)?.body.cut
  return Array.isArray(cut) ? cut : []
}
