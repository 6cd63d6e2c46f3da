import { readdirSync } from 'node:fs'
import { join } from 'node:path'

/**
 * A journal is a series of files in the trail's folder, each named for its journal and its first record:
 *
 *   proxy-1-9f2c41aa.0000000000000001.jsonl
 *   proxy-1-9f2c41aa.0000000000018234.jsonl     begins where the one before ends
 *
 * A journal belongs to one process at a time and is continued by its successor of the same name; the random part keeps
 * journals of several machines, or of a folder that was begun anew, apart in the state database.
 */
export interface JournalFile {
  readonly path: string
  readonly name: string
  readonly journal: string
  readonly firstSeq: number
}

const NAME = /^([a-z][a-z0-9-]{0,40}-[0-9a-f]{8})\.(\d{16})\.jsonl$/

/** Where the journals of a data folder are. */
export function trailFolder(data: string): string {
  return join(data, 'trail')
}

export function journalFileName(journal: string, firstSeq: number): string {
  return `${journal}.${String(firstSeq).padStart(16, '0')}.jsonl`
}

/** Every journal in the folder with its files in order; none when there is no such folder. */
export function listJournals(folder: string): ReadonlyMap<string, readonly JournalFile[]> {
  const journals = new Map<string, JournalFile[]>()
  for (const name of namesIn(folder).sort()) {
    const match = NAME.exec(name)
    if (match?.[1] === undefined) continue
    const file = { path: join(folder, name), name, journal: match[1], firstSeq: Number(match[2]) }
    const files = journals.get(file.journal)
    if (files === undefined) journals.set(file.journal, [file])
    else files.push(file)
  }
  return journals
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return []
    throw error
  }
}
