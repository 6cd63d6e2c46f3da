import fc from 'fast-check'
import { expect, test } from 'vitest'
import { checkRow, RowRun } from '../../../proxy/wire/messages/data-row.ts'
import { dataRow } from '../masking/data-row.ts'

const COLUMNS = 3
const value = fc.option(
  fc.uint8Array({ maxLength: 12 }).map((bytes) => Buffer.from(bytes)),
  { nil: null },
)
const row = fc.array(value, { minLength: COLUMNS, maxLength: COLUMNS }).map((values) => dataRow(values))

/** One row after the other, as if each were looked at by itself. */
function oneByOne(window: Buffer): { readonly rows: number; readonly end: number } {
  let rows = 0
  for (let at = 0; ; rows++) {
    if (at + 5 > window.length || window[at] !== 0x44) return { rows, end: at }
    const end = at + 1 + window.readInt32BE(at + 1)
    try {
      if (end > window.length) return { rows, end: at }
      checkRow(window, at, end, COLUMNS)
    } catch {
      return { rows, end: at }
    }
    at = end
  }
}

function measured(window: Buffer): { readonly rows: number; readonly end: number } {
  const run = new RowRun()
  run.measure(window, 0, COLUMNS)
  return { rows: run.rows, end: run.end }
}

test('a run of rows ends where a row alone would be refused, whatever byte is wrong and wherever it is cut', () => {
  fc.assert(
    fc.property(
      fc.array(row, { maxLength: 8 }),
      fc.nat(),
      fc.option(fc.tuple(fc.nat(), fc.nat(255))),
      (rows, cut, wrong) => {
        const whole = Buffer.concat(rows)
        const window = Buffer.from(whole.subarray(0, whole.length - (cut % (whole.length + 1)) * (cut % 2)))
        if (wrong !== null && window.length > 0) window[wrong[0] % window.length] = wrong[1]
        expect(measured(window)).toEqual(oneByOne(window))
      },
    ),
    { numRuns: 2_000 },
  )
})

test.each([
  ['of another number of columns', dataRow([null, null])],
  ['that ends before its fields', Buffer.from('440000000e0003ffffffffffffffff', 'hex')],
  ['with a field of negative length', Buffer.from('44000000120003fffffffefffffffffffffffe', 'hex')],
  ['with bytes behind its last field', Buffer.from('44000000130003ffffffffffffffffffffffff00', 'hex')],
  ['whose field is longer than it', Buffer.from('44000000130003ffffffffffffffff0000000261', 'hex')],
  ['that is none', Buffer.from('430000000b53454c45435400', 'hex')],
])('a row %s is in no run', (_, wrong) => {
  const good = dataRow([Buffer.from('a'), null, Buffer.alloc(0)])
  expect(measured(Buffer.concat([good, good, wrong, good]))).toEqual({ rows: 2, end: 2 * good.length })
})

test('a run ends before it is so long that others would wait', () => {
  const one = dataRow([Buffer.alloc(1_000), null, null])
  expect(measured(Buffer.concat(Array.from({ length: 1_000 }, () => one))).rows).toBe(
    Math.floor((256 * 1024) / one.length),
  )
})
