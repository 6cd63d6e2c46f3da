import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { PendingLines } from '../../../workflows/trail/pending-lines.ts'

const sha256 = (line: string): string => createHash('sha256').update(line, 'utf8').digest('hex')

test('lines are kept as the bytes of the file, each with the hash of what stands before its newline', () => {
  const pending = new PendingLines()
  const lines = ['{"a":1}', '{"text":"ä€😀"}', '']
  expect(lines.map((line) => pending.add(line))).toEqual(lines.map(sha256))
  expect(pending.length).toBe(Buffer.byteLength(lines.join('\n')) + 1)
  expect(pending.take().toString()).toBe(`${lines.join('\n')}\n`)
  expect(pending.length).toBe(0)
})

test.each([1, 7, 1_000, 21_845, 21_846, 65_535, 65_536, 400_000])(
  'lines of %i letters of three bytes find room',
  (length) => {
    const pending = new PendingLines()
    const lines = Array.from({ length: 5 }, (_, at) => `${at}${'€'.repeat(length)}`)
    expect(lines.map((line) => pending.add(line))).toEqual(lines.map(sha256))
    expect(pending.take().equals(Buffer.from(`${lines.join('\n')}\n`))).toBe(true)
    expect(pending.add('next')).toBe(sha256('next'))
    expect(pending.take().toString()).toBe('next\n')
  },
)
