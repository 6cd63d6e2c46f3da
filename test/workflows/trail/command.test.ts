import { execFile } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { type JournalFile, listJournals } from '../../../workflows/trail/journal-files.ts'
import { recordOf } from '../../../workflows/trail/line.ts'
import { appendStatements, openTestJournal, trailFolder } from './trail-folder.ts'

test('audit verify says that the trail is unbroken, with status 0', async () => {
  using folder = trailFolder()
  await journalIn(folder.path)
  const { status, output } = await audit(folder.path, 'verify')
  expect(status).toBe(0)
  expect(output).toMatch(/^✔ proxy-1-[0-9a-f]{8} +4 records\nThe trail is unbroken: 4 records, 2 KiB in [\d.]+ s, /)
  expect(output).toContain('The state database was not compared')
})

test('audit verify names the first bad record, with status 1', async () => {
  using folder = trailFolder()
  const file = await journalIn(folder.path)
  writeFileSync(file.path, readFileSync(file.path, 'utf8').replace('"42"', '"43"'))
  const { status, output } = await audit(folder.path, 'verify')
  expect(status).toBe(1)
  expect(output).toContain(`record 2 (${file.name}, line 2) edited: record 3 was written after other bytes than these`)
  expect(output).toContain('1 of 1 journals are not as they were written')
  const json = await audit(folder.path, 'verify', '--json')
  expect(json.status).toBe(1)
  expect(JSON.parse(json.output)).toMatchObject({
    ok: false,
    firstBad: { journal: file.journal, seq: 2, file: file.name, line: 2, problem: 'edited' },
    seconds: expect.any(Number),
  })
})

test('audit verify of nothing is no error', async () => {
  using folder = trailFolder()
  expect(await audit(folder.path, 'verify')).toMatchObject({ status: 0 })
})

test('audit tail shows the last records, or all since a time, or the very lines', async () => {
  using folder = trailFolder()
  const file = await journalIn(folder.path, 20)
  const shown = await audit(folder.path, 'tail', '--no-follow')
  expect(shown.output.split('\n')).toHaveLength(11)
  expect(shown.output).toContain('statement.intended')
  const all = await audit(folder.path, 'tail', '--no-follow', '--since', '2026-01-01T00:00:00Z', '--json')
  expect(all.output).toBe(readFileSync(file.path, 'utf8'))
  expect(recordOf(all.output.split('\n')[0] as string)?.event).toBe('journal.opened')
  const none = await audit(folder.path, 'tail', '--no-follow', '--since', '2026-03-02T00:00:00Z')
  expect(none).toEqual({ status: 0, output: '' })
  expect((await audit(folder.path, 'tail', '--since', 'yesterday')).status).not.toBe(0)
})

async function journalIn(folder: string, statements = 3): Promise<JournalFile> {
  const journal = await openTestJournal(folder)
  await appendStatements(journal, statements)
  await journal.close()
  return listJournals(folder).get(journal.id)?.[0] as JournalFile
}

async function audit(folder: string, ...given: readonly string[]): Promise<{ status: number; output: string }> {
  const program = new URL('audit-process.ts', import.meta.url).pathname
  return promisify(execFile)(process.execPath, [program, folder, '-', ...given]).then(
    ({ stdout }) => ({ status: 0, output: stdout }),
    (error: { readonly code: number; readonly stdout: string }) => ({ status: error.code, output: error.stdout }),
  )
}
