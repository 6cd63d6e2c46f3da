import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { StatementRecord } from '../../../workflows/trail/events.ts'
import { openJournal } from '../../../workflows/trail/journal.ts'
import type { Journal, JournalOptions } from '../../../workflows/trail/journal-writer.ts'
import { sharedPart } from '../../../workflows/trail/statement-body.ts'

/** An empty folder for journals, removed at the end of the test. */
export function trailFolder(): Disposable & { readonly path: string } {
  const path = join(mkdtempSync(join(tmpdir(), 'holdpoint-trail-')), 'trail')
  return { path, [Symbol.dispose]: () => rmSync(join(path, '..'), { recursive: true, force: true }) }
}

export const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined }

export function openTestJournal(folder: string, options: Partial<JournalOptions> = {}): Promise<Journal> {
  return openJournal({
    folder,
    process: 'proxy-1',
    durability: 'process',
    now: () => Date.UTC(2026, 2, 1, 9, 30),
    log: quiet,
    ...options,
  })
}

export const judgement: Omit<StatementRecord, 'session' | 'statement' | 'parameters'> = {
  text: 'SELECT name FROM customers WHERE id = $1',
  outcome: 'allow',
  rules: ['reads.masked'],
  policy: 'a'.repeat(64),
  effects: ['read'],
  relations: ['public.customers'],
  masks: [],
  fingerprint: 'a0ead580058af585',
}

export const shared = sharedPart(judgement)

/** Appends statements numbered from 1 and waits until they are written. */
export async function appendStatements(journal: Journal, count: number, session = 's_1'): Promise<void> {
  for (let statement = 1; statement <= count; statement++)
    journal.appendStatement('statement.intended', { session, statement, parameters: ['42'], hold: null }, shared)
  await written(journal)
}

export function written(journal: Journal): Promise<void> {
  return new Promise((resolve, reject) => journal.whenWritten((error) => (error === null ? resolve() : reject(error))))
}
