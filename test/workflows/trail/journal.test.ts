import { hash } from 'node:crypto'
import { appendFileSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import canonicalize from 'canonicalize'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { TrailError } from '../../../workflows/trail/errors.ts'
import { type JournalFile, listJournals } from '../../../workflows/trail/journal-files.ts'
import { HASH_OF_NOTHING, recordOf } from '../../../workflows/trail/line.ts'
import { verifyTrail } from '../../../workflows/trail/verify.ts'
import { appendStatements, judgement, openTestJournal, shared, trailFolder, written } from './trail-folder.ts'

test('writes canonical JSON lines, each with the hash of the line before', async () => {
  using folder = trailFolder()
  const journal = await openTestJournal(folder.path)
  await appendStatements(journal, 2)
  journal.append('session.closed', { session: 's_1', reason: 'ended by the client', statements: 2 })
  await journal.close()

  const lines = linesOf(folder.path)
  expect(lines.map((line) => recordOf(line)?.event)).toEqual([
    'journal.opened',
    'statement.intended',
    'statement.intended',
    'session.closed',
  ])
  expect(lines.map((line) => canonicalize(JSON.parse(line)))).toEqual(lines)
  expect(lines.map((line) => recordOf(line)?.prev)).toEqual([
    HASH_OF_NOTHING,
    ...lines.slice(0, -1).map((line) => hash('sha256', line)),
  ])
})

test('stores a statement the same way whichever call recorded it', async () => {
  using folder = trailFolder()
  const journal = await openTestJournal(folder.path)
  const own = { session: 's_1', statement: 7, parameters: ['a"b', null], hold: 'hold_x' }
  journal.appendStatement('statement.intended', own, shared)
  journal.append('statement.intended', { ...judgement, ...own })
  await journal.close()
  const bodies = linesOf(folder.path)
    .slice(1)
    .map((line) => recordOf(line)?.body)
  expect(bodies).toEqual([1, 2].map(() => ({ ...own, judgement })))
})

test('acknowledges everything of one turn together, after it is in the file', async () => {
  using folder = trailFolder()
  const journal = await openTestJournal(folder.path)
  const seen: number[] = []
  for (let session = 1; session <= 3; session++) {
    journal.append('session.closed', { session: `s_${session}`, reason: '', statements: 0 })
    journal.whenWritten(() => seen.push(linesOf(folder.path).length))
  }
  await written(journal)
  expect(seen).toEqual([4, 4, 4])
  await journal.close()
})

test('keeps any text that is valid, and records nothing of what is not', async () => {
  using folder = trailFolder()
  const journal = await openTestJournal(folder.path)
  const text = fc.oneof(fc.string({ unit: 'binary' }), fc.string())
  fc.assert(
    fc.property(fc.array(fc.option(text)), text, (parameters, session) => {
      journal.appendStatement('statement.intended', { session, statement: 1, parameters, hold: null }, shared)
    }),
  )
  expect(() => journal.append('hold.taken', { hold: '\ud800' })).toThrow(TrailError)
  const completed = { session: 's_1', statement: 1, ok: true, tag: 'SELECT 1', rows: 1, masked: 0 }
  expect(() => journal.append('statement.completed', { ...completed, durationMs: Number.NaN })).toThrow(TrailError)
  journal.append('hold.taken', { hold: 'hold_x' })
  await journal.close()
  const lines = linesOf(folder.path)
  expect(lines.map((line) => canonicalize(JSON.parse(line)))).toEqual(lines)
  expect(await verifyTrail({ folder: folder.path })).toMatchObject({ ok: true, records: 102 })
})

test.each(['process', 'disk'] as const)('continues its chain over files and restarts (%s)', async (durability) => {
  using folder = trailFolder()
  const options = { durability, fileBytesMax: 3_000 }
  const journal = await openTestJournal(folder.path, options)
  for (let turn = 0; turn < 20; turn++) await appendStatements(journal, 2)
  await journal.close()
  const again = await openTestJournal(folder.path, options)
  await appendStatements(again, 2)
  await again.close()

  expect(again.id).toBe(journal.id)
  expect(filesOf(folder.path).length).toBeGreaterThan(5)
  const verdict = await verifyTrail({ folder: folder.path })
  expect(verdict).toMatchObject({ ok: true, journals: [{ journal: journal.id }] })
  const statements = filesOf(folder.path).flatMap((file) => linesIn(file).filter((line) => line.includes('intended')))
  expect(statements).toHaveLength(42)
})

test('cuts an unfinished last line off at the next opening, and says so', async () => {
  using folder = trailFolder()
  const journal = await openTestJournal(folder.path)
  await appendStatements(journal, 2)
  await journal.close()
  const [file] = filesOf(folder.path) as [JournalFile]
  const whole = statSync(file.path).size
  const torn = '{"at":"2026-03-01T09:30'
  appendFileSync(file.path, torn)

  await (await openTestJournal(folder.path)).close()
  expect(statSync(file.path).size).toBe(whole)
  const [, next] = filesOf(folder.path) as [JournalFile, JournalFile]
  expect(recordOf(linesIn(next)[0] as string)?.body).toMatchObject({
    continues: file.name,
    cut: [{ file: file.name, bytes: torn.length, sha256: hash('sha256', torn) }],
  })
  expect(await verifyTrail({ folder: folder.path })).toMatchObject({ ok: true })
  appendFileSync(file.path, torn) // as if the process had died between the record of the cut and the cut
  expect(await verifyTrail({ folder: folder.path })).toMatchObject({ ok: true })
  appendFileSync(file.path, 'more')
  expect(await verifyTrail({ folder: folder.path })).toMatchObject({ firstBad: { problem: 'unreadable', seq: 4 } })
})

test.each(['', '{"at":"20'])('writes a file anew whose opening was cut short: %j', async (start) => {
  using folder = trailFolder()
  const journal = await openTestJournal(folder.path)
  await appendStatements(journal, 2)
  await journal.close()
  const [file] = filesOf(folder.path) as [JournalFile]
  appendFileSync(file.path, '{"torn')
  writeFileSync(join(folder.path, file.name.replace('01.jsonl', '04.jsonl')), start)
  const again = await openTestJournal(folder.path)
  await appendStatements(again, 1)
  await again.close()
  expect(await verifyTrail({ folder: folder.path })).toMatchObject({ ok: true, records: 5 })
})

const damages: readonly [string, (file: JournalFile) => void][] = [
  ['a changed byte', ({ path }) => rewrite(path, (text) => text.replace('"42"', '"43"'))],
  ['a missing line', ({ path }) => rewrite(path, (text) => text.split('\n').toSpliced(1, 1).join('\n'))],
  ['a line that is not JSON, at the end', ({ path }) => appendFileSync(path, 'oops\n')],
  [
    'a last line that only looks right',
    ({ path }) => rewrite(path, (text) => text.replace(/\{"at"(?=[^\n]*\n$)/, 'x')),
  ],
  ['bytes that are not UTF-8', ({ path }) => rewrite(path, (text) => text.replace('customers', '\ufffd'))],
]
test.each(damages)('refuses to continue a journal with %s', async (_, damage) => {
  using folder = trailFolder()
  const journal = await openTestJournal(folder.path)
  await appendStatements(journal, 3)
  await journal.close()
  damage(filesOf(folder.path)[0] as JournalFile)
  const before = readFileSync((filesOf(folder.path)[0] as JournalFile).path)
  await expect(openTestJournal(folder.path)).rejects.toMatchObject({ code: 'journal_damaged' })
  await expect(openTestJournal(folder.path)).rejects.toThrow(/damaged at record \d+ of/)
  expect(readFileSync((filesOf(folder.path)[0] as JournalFile).path)).toEqual(before)
})

test('never shares a journal: a second opening is refused until the first is closed', async () => {
  using folder = trailFolder()
  const journal = await openTestJournal(folder.path)
  await expect(openTestJournal(folder.path)).rejects.toMatchObject({ code: 'journal_locked' })
  const other = await openTestJournal(folder.path, { process: 'worker' })
  expect(other.id).not.toBe(journal.id)
  await journal.close()
  await other.close()
  const again = await openTestJournal(folder.path)
  expect(again.id).toBe(journal.id)
  await again.close()
})

test('begins a new journal where another machine may still hold the old one', async () => {
  using folder = trailFolder()
  const journal = await openTestJournal(folder.path)
  await journal.close()
  const lock = readdirSync(folder.path).find((name) => name.includes('.lock.')) as string
  writeFileSync(join(folder.path, lock), JSON.stringify({ host: 'another-machine', pid: 1, started: '1' }))
  const other = await openTestJournal(folder.path)
  expect(other.id).not.toBe(journal.id)
  await other.close()
  expect(await verifyTrail({ folder: folder.path })).toMatchObject({ ok: true, journals: [{}, {}] })
})

// A rotation needs a new file, which a name that is taken refuses as a full disk would.
test('fails for good when it cannot write: who waits gets the error, and nothing is appended any more', async () => {
  using folder = trailFolder()
  const errors: string[] = []
  const log = {
    info: () => undefined,
    warn: () => undefined,
    error: (_: unknown, text?: string) => errors.push(text ?? ''),
  }
  const journal = await openTestJournal(folder.path, { fileBytesMax: 1_000, log })
  writeFileSync(join(folder.path, `${journal.id}.0000000000000004.jsonl`), '')
  journal.append('hold.taken', { hold: 'hold_1' })
  journal.append('hold.taken', { hold: 'x'.repeat(1_000) })
  const first = written(journal)
  const second = written(journal)
  await expect(first).rejects.toMatchObject({ code: 'journal_failed', message: expect.stringContaining('EEXIST') })
  await expect(second).rejects.toBeInstanceOf(TrailError)
  expect(() => journal.append('hold.taken', { hold: 'hold_2' })).toThrow(TrailError)
  await expect(written(journal)).rejects.toBeInstanceOf(TrailError)
  expect(errors).toHaveLength(1)
  await journal.close()
})

test('writes before the turn ends when a burst grows, and keeps the order', async () => {
  using folder = trailFolder()
  const journal = await openTestJournal(folder.path)
  for (let hold = 0; hold < 40; hold++) journal.append('hold.taken', { hold: `${hold}`.padEnd(100_000, 'x') })
  expect(statSync((filesOf(folder.path)[0] as JournalFile).path).size).toBeGreaterThan(2_000_000)
  await journal.close()
  expect(await verifyTrail({ folder: folder.path })).toMatchObject({ ok: true, records: 41 })
})

test('refuses everything after it was closed', async () => {
  using folder = trailFolder()
  const journal = await openTestJournal(folder.path)
  journal.append('hold.taken', { hold: 'hold_1' })
  await journal.close()
  await journal.close()
  expect(() => journal.append('hold.taken', { hold: 'hold_2' })).toThrow(/closed/)
  expect(linesOf(folder.path)).toHaveLength(2)
})

function filesOf(folder: string): readonly JournalFile[] {
  return [...listJournals(folder).values()].flat()
}

function linesIn(file: JournalFile): string[] {
  return readFileSync(file.path, 'utf8').split('\n').slice(0, -1)
}

function linesOf(folder: string): string[] {
  return filesOf(folder).flatMap(linesIn)
}

function rewrite(path: string, change: (text: string) => string): void {
  const text = readFileSync(path, 'utf8')
  const changed = change(text)
  if (changed === text) throw new Error('the damage changed nothing')
  writeFileSync(path, changed)
}
