import { readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { migrate } from '../../../workflows/state/migrate.ts'
import type { Problem } from '../../../workflows/trail/chain.ts'
import { type JournalFile, listJournals } from '../../../workflows/trail/journal-files.ts'
import { Shipper } from '../../../workflows/trail/shipper.ts'
import { verifyTrail } from '../../../workflows/trail/verify.ts'
import { freshDatabase, type TestDatabase } from '../../harness/database.ts'
import { appendStatements, openTestJournal, quiet, trailFolder } from './trail-folder.ts'

let database: TestDatabase
let pool: pg.Pool

beforeAll(async () => {
  database = await freshDatabase()
  pool = new pg.Pool({ connectionString: database.url })
  await migrate(pool)
})

afterAll(async () => {
  await pool.end()
  await database[Symbol.asyncDispose]()
})

interface Tampering {
  readonly how: string
  /** Every file holds an opening and three statements: records 1–4, 5–8, 9–12; the last file is the third. */
  readonly tamper: (files: readonly JournalFile[]) => unknown
  readonly problem: Problem
  readonly seq: number
  /** File (of three) and line that are named. */
  readonly at?: readonly [number, number | null]
  /** Only the shipped copy knows. */
  readonly needsCopy?: true
  /** The chain alone cannot tell which of two neighbours was changed first. */
  readonly filesSeq?: number
}

/** A statement that changes one record within its batch, or takes it out with NULL. */
function edited(seq: number, line: string): string {
  return `UPDATE trail_batch SET lines = (
    SELECT string_agg(CASE first_seq + n - 1 WHEN ${seq} THEN ${line} ELSE line END, E'\\n' ORDER BY n)
    FROM unnest(string_to_array(lines, E'\\n')) WITH ORDINALITY AS l (line, n))
    WHERE ${seq} BETWEEN first_seq AND last_seq`
}

const HASHED_ANEW = `UPDATE trail_batch
  SET last_hash = (SELECT sha256(convert_to(line, 'UTF8')) FROM trail_record AS r WHERE r.seq = last_seq)`

// biome-ignore format: a table
const tamperings: readonly Tampering[] = [
  { how: 'a byte is changed', tamper: edit(1, 2, change), problem: 'edited', seq: 6, at: [1, 2] },
  { how: 'a byte is changed in the first record', tamper: edit(0, 1, change), problem: 'edited', seq: 1, at: [0, 1] },
  { how: 'a byte is changed at the end of a file', tamper: edit(1, 4, change), problem: 'edited', seq: 8, at: [1, 4] },
  { how: 'a link is changed', tamper: edit(1, 2, changeLink), problem: 'edited', seq: 6, at: [1, 2] },
  { how: 'two neighbours are changed', tamper: both(edit(1, 2, change), edit(1, 3, change)), problem: 'edited', seq: 6, filesSeq: 7 },
  { how: 'a line is damaged', tamper: edit(1, 2, (line) => line.slice(2)), problem: 'unreadable', seq: 6, at: [1, 2] },
  { how: 'a line is cut short', tamper: edit(1, 2, (line) => line.slice(0, -9)), problem: 'unreadable', seq: 6 },
  { how: 'a line is empty', tamper: edit(1, 2, () => ''), problem: 'unreadable', seq: 6, at: [1, 2] },
  { how: 'a line is deleted', tamper: lines(1, (all) => all.toSpliced(1, 1)), problem: 'missing', seq: 6, at: [1, 2] },
  { how: 'the first line is deleted', tamper: lines(0, (all) => all.slice(1)), problem: 'missing', seq: 1, at: [0, 1] },
  { how: 'the end of a file is deleted', tamper: lines(1, (all) => all.slice(0, 2)), problem: 'missing', seq: 7 },
  { how: 'two lines are swapped', tamper: lines(1, swapped), problem: 'reordered', seq: 7, at: [1, 2] },
  { how: 'a line is repeated', tamper: lines(1, (all) => all.toSpliced(1, 0, all[1] as string)), problem: 'repeated', seq: 6 },
  { how: 'a file is cut in the middle', tamper: cut(1, 1.5), problem: 'unreadable', seq: 6, at: [1, null] },
  { how: 'a file in the middle is deleted', tamper: drop(1), problem: 'missing', seq: 5, at: [2, 1] },
  { how: 'the first file is deleted', tamper: drop(0), problem: 'missing', seq: 1, at: [1, 1] },
  { how: 'the last file is deleted', tamper: drop(2), problem: 'missing', seq: 9, needsCopy: true },
  { how: 'all files are deleted', tamper: both(drop(0), drop(1), drop(2)), problem: 'files_missing', seq: 1, needsCopy: true },
  { how: 'the journal’s end is deleted', tamper: lines(2, (all) => all.slice(0, 2)), problem: 'missing', seq: 11, needsCopy: true },
  { how: 'the last file is cut in the middle', tamper: cut(2, 2.5), problem: 'missing', seq: 11, needsCopy: true },
  { how: 'the very last record is changed', tamper: edit(2, 4, change), problem: 'copy_differs', seq: 12, at: [2, 4], needsCopy: true },
  { how: 'the copy is edited', tamper: sql(edited(7, `replace(line, '"42"', '"43"')`)), problem: 'copy_differs', seq: 7, at: [1, 3], needsCopy: true },
  { how: 'the copy is edited with its hash', tamper: both(sql(edited(8, "line || ' '")), sql(HASHED_ANEW)), problem: 'copy_differs', seq: 8, needsCopy: true },
  { how: 'the hash of the copy is edited', tamper: sql("UPDATE trail_batch SET last_hash = '\\\\x00' WHERE last_seq = 8"), problem: 'copy_differs', seq: 8, needsCopy: true },
  { how: 'a record of the copy is deleted', tamper: sql(edited(7, 'NULL')), problem: 'copy_missing', seq: 7, needsCopy: true },
  { how: 'a row of the copy is deleted', tamper: sql('DELETE FROM trail_batch WHERE first_seq = 5'), problem: 'copy_missing', seq: 5, needsCopy: true },
  { how: 'file and copy are rewritten alike', tamper: both(edit(1, 2, change), sql(edited(6, `replace(line, '"42"', '"43"')`))), problem: 'edited', seq: 6, at: [1, 2] },
]

test.each(tamperings)(
  'names the first bad record when $how',
  async ({ tamper, problem, seq, at, needsCopy, filesSeq }) => {
    using folder = trailFolder()
    await pool.query('TRUNCATE trail_batch, trail_row, trail_origin')
    await threeFiles(folder.path)
    await new Shipper({ folder: folder.path, pool, log: quiet }).pass()
    expect(await verifyTrail({ folder: folder.path, pool })).toMatchObject({ ok: true, records: 12 })
    const files = filesOf(folder.path)

    await tamper(files)
    const verdict = await verifyTrail({ folder: folder.path, pool })
    expect(verdict).toMatchObject({ ok: false, firstBad: { problem, seq } })
    if (at !== undefined) expect(verdict.firstBad).toMatchObject({ file: files[at[0]]?.name, line: at[1] })
    const filesAlone = await verifyTrail({ folder: folder.path })
    expect(filesAlone.ok).toBe(needsCopy === true)
    if (filesSeq !== undefined) expect(filesAlone.firstBad).toMatchObject({ seq: filesSeq })
    else if (needsCopy !== true)
      expect(filesAlone.firstBad).toEqual({ ...verdict.firstBad, detail: expect.any(String) })
  },
)

test('checks the state database alone, and journals of other machines', async () => {
  using folder = trailFolder()
  await pool.query('TRUNCATE trail_batch, trail_row, trail_origin')
  await threeFiles(folder.path)
  await new Shipper({ folder: folder.path, pool, log: quiet }).pass()
  for (const file of filesOf(folder.path)) rmSync(file.path)
  expect(await verifyTrail({ pool })).toMatchObject({ ok: true, journals: [{ records: 12 }] })
  expect(await verifyTrail({ folder: folder.path, pool, otherMachines: true })).toMatchObject({ ok: true })
  await pool.query(edited(7, `replace(line, '"42"', '"43"')`))
  expect(await verifyTrail({ pool })).toMatchObject({ ok: false, firstBad: { problem: 'edited', seq: 7 } })
  await pool.query(edited(7, 'NULL'))
  expect(await verifyTrail({ pool })).toMatchObject({ ok: false, firstBad: { problem: 'missing', seq: 7 } })
})

// A lenient reader turns a byte that is no UTF-8 into the very character that was overwritten.
test('notices that a replacement character became bytes that are not UTF-8', async () => {
  using folder = trailFolder()
  const journal = await openTestJournal(folder.path)
  for (const hold of ['hold_1', '\ufffd', 'hold_3']) journal.append('hold.taken', { hold })
  await journal.close()
  const [file] = filesOf(folder.path) as [JournalFile]
  const bytes = readFileSync(file.path).toString('latin1').replace('\u00ef\u00bf\u00bd', '\u00ff')
  writeFileSync(file.path, Buffer.from(bytes, 'latin1'))
  expect(await verifyTrail({ folder: folder.path })).toMatchObject({ ok: false, firstBad: { seq: 3, line: 3 } })
})

test('reads a long journal in pieces and says how far it is', async () => {
  using folder = trailFolder()
  const journal = await openTestJournal(folder.path, { fileBytesMax: 400_000 })
  for (let turn = 0; turn < 10; turn++) await appendStatements(journal, 200)
  journal.append('hold.taken', { hold: 'x'.repeat(1_000_000) }) // longer than any piece
  await journal.close()
  const done: number[] = []
  const verdict = await verifyTrail({ folder: folder.path, progress: ({ bytes }) => done.push(bytes) })
  expect(verdict).toMatchObject({ ok: true })
  expect(verdict.records).toBeGreaterThan(2_000)
  expect(done.at(-1)).toBe(verdict.bytes)
  expect(done).toEqual(done.toSorted((a, b) => a - b))
})

async function threeFiles(folder: string): Promise<void> {
  for (let file = 0; file < 3; file++) {
    const journal = await openTestJournal(folder)
    await appendStatements(journal, 3)
    await journal.close()
  }
}

function filesOf(folder: string): readonly JournalFile[] {
  return [...listJournals(folder).values()].flat()
}

function lines(file: number, rewrite: (all: readonly string[]) => readonly string[]): Tampering['tamper'] {
  return (files) => {
    const { path } = files[file] as JournalFile
    const before = readFileSync(path, 'utf8').split('\n').slice(0, -1)
    const after = rewrite(before)
    expect(after).not.toEqual(before)
    writeFileSync(path, after.map((line) => `${line}\n`).join(''))
  }
}

function edit(file: number, line: number, rewrite: (line: string) => string): Tampering['tamper'] {
  return lines(file, (all) => all.with(line - 1, rewrite(all[line - 1] as string)))
}

/** Through a whole number of lines and a part of the next. */
function cut(file: number, count: number): Tampering['tamper'] {
  return (files) => {
    const { path } = files[file] as JournalFile
    const all = readFileSync(path, 'utf8').split('\n')
    const whole = all.slice(0, Math.floor(count)).join('\n').length + 1
    truncateSync(path, whole + 100)
  }
}

function drop(file: number): Tampering['tamper'] {
  return (files) => rmSync((files[file] as JournalFile).path)
}

function sql(text: string): Tampering['tamper'] {
  return () => pool.query(text)
}

function both(...steps: readonly Tampering['tamper'][]): Tampering['tamper'] {
  return async (files) => {
    for (const step of steps) await step(files)
  }
}

function change(line: string): string {
  return line.includes('"42"') ? line.replace('"42"', '"43"') : line.replace('proxy-1"', 'proxy-2"')
}

function changeLink(line: string): string {
  return line.replace(/"prev":"./, (link) => `${link.slice(0, -1)}${link.endsWith('0') ? '1' : '0'}`)
}

function swapped(all: readonly string[]): readonly string[] {
  return [all[0], all[2], all[1], all[3]] as string[]
}
