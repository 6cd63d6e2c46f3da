import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { maskMethod } from '../../../policies/decision.ts'
import type { ColumnMask } from '../../../proxy/masking/field-mask.ts'
import { createRowMasker } from '../../../proxy/masking/mask-row.ts'
import { dataRow, type Field, fieldsOf, textsOf } from './data-row.ts'

const text = 25
const masked = (method: ColumnMask['method'], typeOid = text, format: 0 | 1 = 0): ColumnMask => ({
  method,
  typeOid,
  format,
})

function maskOne(value: Field, column: ColumnMask): string | null {
  return textsOf(createRowMasker([column])(dataRow([value])))[0]?.[0] ?? null
}

test('masks what has a mask, and leaves the rest of a run byte for byte', () => {
  const mask = createRowMasker([null, masked('redact'), null, masked('null'), masked('redact', 3802, 1)])
  const run = Buffer.concat([
    dataRow(['1', 'secret', 'x'.repeat(300), 'secret', '\u0001{"secret":1}']),
    dataRow([null, null, null, null, null]),
    dataRow(['2', '', '', 'secret', null]),
  ])
  expect(textsOf(mask(run))).toEqual([
    ['1', '[redacted]', 'x'.repeat(300), null, '\u0001"[redacted]"'],
    [null, null, null, null, null],
    ['2', '[redacted]', '', null, null],
  ])
})

test('gives a run back as it came when nothing in it is masked', () => {
  const run = Buffer.concat([dataRow([]), dataRow([])])
  expect(createRowMasker([])(run)).toEqual(run)
  expect(createRowMasker([masked('redact')])(Buffer.alloc(0))).toEqual(Buffer.alloc(0))
  const nulls = Buffer.concat([dataRow([null, 'a']), dataRow([null, 'b'])])
  expect(createRowMasker([masked('redact'), null])(nulls)).toEqual(nulls)
})

test('masks NULL as well where the value is computed', () => {
  const whole = (typeOid: number): ColumnMask => ({ ...masked('redact', typeOid), whole: true })
  const mask = createRowMasker([whole(text), null, whole(23), { ...masked('null'), whole: true }])
  const run = Buffer.concat([dataRow([null, 'a', null, null]), dataRow(['secret', null, '7', 'secret'])])
  expect(textsOf(mask(run))).toEqual([
    ['[redacted]', 'a', null, null],
    ['[redacted]', null, null, null],
  ])
})

// Masks that are longer than what they replace: the copy must grow, in the middle of a run.
test('masks thousands of short values in one run', () => {
  const one = dataRow(['', 'a', ''])
  const run = Buffer.concat(Array.from({ length: 5_000 }, () => one))
  const mask = createRowMasker([masked('redact'), null, masked('redact', 2950)])
  const rows = textsOf(mask(run))
  expect(rows).toHaveLength(5_000)
  expect(new Set(rows.map((row) => row.join()))).toEqual(new Set(['[redacted],a,00000000-0000-0000-0000-000000000000']))
})

describe('email keeps the first letter and a common ending', () => {
  test.each([
    ['ana.lopez@example.org', 'a***@***.org'],
    ['Bob@x.co', 'B***@***.co'],
    ['al@example.org', '***@***.org'],
    ['a@b', '***@***'],
    ['ana@localhost', 'a***@***'],
    ['ana@company.secretcorp', 'a***@***'],
    ['ana@.org', 'a***@***'],
    ['ana@x.o1', 'a***@***'],
    ['émile@example.org', '***@***.org'],
    ['@example.org', '[redacted]'],
    ['ana@a@b.org', '[redacted]'],
    ['ana lopez@x.org', '[redacted]'],
    ['no address', '[redacted]'],
    [`ana@${'x'.repeat(312)}.org`, 'a***@***.org'],
    [`ana@${'x'.repeat(313)}.org`, '[redacted]'],
    ['', '[redacted]'],
  ])('%j → %j', (value, expected) => expect(maskOne(value, masked('email'))).toBe(expected))
})

describe('last4 keeps four digits of eight or more', () => {
  test.each([
    ['4111 1111 1111 1234', '****1234'],
    ['4111-1111-1111-12 34', '****1234'],
    ['+49 (30) 901820', '****1820'],
    ['12345678', '****5678'],
    ['1234567', '[redacted]'],
    ['1'.repeat(128), '****1111'],
    ['1'.repeat(129), '[redacted]'],
    ['1234', '[redacted]'],
    ['DE89370400440532013000', '[redacted]'],
    ['١٢٣٤٥٦٧٨', '[redacted]'],
    ['', '[redacted]'],
  ])('%j → %j', (value, expected) => expect(maskOne(value, masked('last4'))).toBe(expected))
})

describe('year keeps the year as the first of January', () => {
  test.each([
    ['date', 1082, '1984-05-06', '1984-01-01'],
    ['timestamp', 1114, '1984-05-06 07:08:09.123', '1984-01-01 00:00:00'],
    ['timestamptz', 1184, '1984-05-06 07:08:09+02', '1984-01-01 00:00:00+00'],
    ['text', text, '1984-05-06', '1984'],
    ['date before Christ', 1082, '0044-03-15 BC', null],
    ['date in another style', 1082, '06.05.1984', null],
    ['date in a far year', 1082, '12345-05-06', null],
    ['infinite date', 1082, 'infinity', null],
    ['text that only begins like a date', text, '1984-05-06 secret', '[redacted]'],
    ['long text', text, `1984-05-06 ${'0'.repeat(100)}`, '[redacted]'],
  ])('%s', (_, typeOid, value, expected) => expect(maskOne(value, masked('year', typeOid))).toBe(expected))

  test.each([
    ['1984-05-06', '1984-01-01'],
    ['2000-01-01', '2000-01-01'],
    ['1999-12-31', '1999-01-01'],
    ['0001-12-31', '0001-01-01'],
    ['9999-12-31', '9999-01-01'],
  ])('binary %s', (value, expected) => {
    const daysOf = (iso: string): number => (Date.parse(`${iso}T00:00:00Z`) - Date.UTC(2000, 0, 1)) / 86_400_000
    const date = (days: number): Buffer => {
      const bytes = Buffer.alloc(4)
      bytes.writeInt32BE(days)
      return bytes
    }
    const stamp = (days: number, microseconds: bigint): Buffer => {
      const bytes = Buffer.alloc(8)
      bytes.writeBigInt64BE(BigInt(days) * 86_400_000_000n + microseconds)
      return bytes
    }
    const mask = createRowMasker([masked('year', 1082, 1), masked('year', 1114, 1), masked('year', 1184, 1)])
    const row = dataRow([date(daysOf(value)), stamp(daysOf(value), 1n), stamp(daysOf(value), 86_399_999_999n)])
    const first = daysOf(expected)
    expect(fieldsOf(mask(row))).toEqual([[date(first), stamp(first, 0n), stamp(first, 0n)]])
  })

  test.each(['7fffffff', '80000000', '00', '0000000000', '7ffffffe'])(
    'binary %s, no date of ours, becomes NULL',
    (hex) => {
      expect(maskOne(Buffer.from(hex, 'hex'), masked('year', 1082, 1))).toBeNull()
    },
  )
  test.each(['7fffffffffffffff', '8000000000000000', '00'])('binary %s, no time of ours, becomes NULL', (hex) => {
    expect(maskOne(Buffer.from(hex, 'hex'), masked('year', 1184, 1))).toBeNull()
  })
})

test.each([20, 21, 23, 700, 701, 790, 1700, 16, 1083, 1186, 16_384, 2249, 600, 0])(
  'type %i has no neutral value: NULL',
  (typeOid) => {
    for (const format of [0, 1] as const)
      for (const method of maskMethod.options) expect(maskOne('1', masked(method, typeOid, format))).toBeNull()
  },
)

describe('refuses a row that is not what its description promised', () => {
  const good = dataRow(['a', 'b'])
  const broken = (change: (row: Buffer) => void): Buffer => {
    const row = Buffer.from(good)
    change(row)
    return row
  }
  test.each<[string, Buffer]>([
    ['too few columns', dataRow(['a'])],
    ['too many columns', dataRow(['a', 'b', 'c'])],
    ['another count than columns', broken((row) => row.writeUInt16BE(1, 5))],
    ['a negative length', broken((row) => row.writeInt32BE(-2, 7))],
    ['the most negative length', broken((row) => row.writeInt32BE(-(2 ** 31), 7))],
    ['a length beyond the row', broken((row) => row.writeInt32BE(100, 7))],
    ['the greatest length', broken((row) => row.writeInt32BE(2 ** 31 - 1, 7))],
    ['a length that leaves bytes over', broken((row) => row.writeInt32BE(0, 12))],
    ['a message length that is too short', broken((row) => row.writeInt32BE(5, 1))],
    ['a negative message length', broken((row) => row.writeInt32BE(-1, 1))],
    ['a message length beyond the run', broken((row) => row.writeInt32BE(good.length, 1))],
    ['bytes behind the last field', Buffer.concat([good, Buffer.from('x')])],
    ['another message in the run', Buffer.concat([good, Buffer.from('Z\0\0\0\u0005I')])],
    ['a message of another type', broken((row) => row.write('d'))],
    ['an unfinished row', good.subarray(0, -1)],
  ])('%s', (_, row) => {
    for (const columns of [
      [null, null],
      [null, masked('redact')],
      [masked('redact'), masked('email')],
    ])
      expect(() => createRowMasker(columns)(Buffer.concat([good, row]))).toThrow(
        expect.objectContaining({ code: 'row_malformed' }),
      )
  })
})

test('refuses a column format that does not exist', () => {
  expect(() => createRowMasker([masked('redact', text, 2 as 1)])).toThrow(/format 2/)
})

const CANARY = 'kanarienvogel'
const types = [
  16, 17, 18, 19, 20, 23, 25, 114, 142, 650, 705, 869, 1009, 1042, 1043, 1082, 1114, 1184, 1700, 2950, 3614, 3802, 3904,
  3926, 4451, 16_400,
]
const column = fc.record({
  method: fc.constantFrom(...maskMethod.options),
  typeOid: fc.oneof(fc.constantFrom(...types), fc.nat(70_000)),
  format: fc.constantFrom(0 as const, 1 as const),
})
const parts = Array.from({ length: CANARY.length - 2 }, (_, at) => CANARY.slice(at, at + 3))
/** What may be seen, so nothing that looks like a part of the canary. */
const affix = fc
  .oneof(
    fc.uint8Array({ maxLength: 20 }).map((bytes) => Buffer.from(bytes)),
    fc.constantFrom('', 'a@', '@b.org', '1984-01-02', '12345678', '\u0001', '{', '"').map((part) => Buffer.from(part)),
  )
  .filter((bytes) => parts.every((part) => !bytes.includes(part)))
const secret = fc.tuple(affix, affix).map(([before, after]) => Buffer.concat([before, Buffer.from(CANARY), after]))

test('lets no part of a masked value through, whatever its type, format, method and neighbours', () => {
  const rows = fc.array(fc.tuple(column, fc.option(secret, { freq: 8 }), fc.option(affix)), {
    minLength: 1,
    maxLength: 8,
  })
  fc.assert(
    fc.property(rows, fc.integer({ min: 1, max: 4 }), (columns, count) => {
      const mask = createRowMasker(columns.flatMap(([column]) => [column, null]))
      const row = dataRow(columns.flatMap(([, value, clear]) => [value, clear]))
      const seen = mask(Buffer.concat(Array.from({ length: count }, () => row)))
      for (const part of parts) expect(seen.includes(part)).toBe(false)
      for (const fields of fieldsOf(seen)) {
        expect(fields.filter((_, index) => index % 2 === 1)).toEqual(columns.map(([, , clear]) => clear))
        for (const field of fields.filter((_, index) => index % 2 === 0)) expect(field?.length ?? 0).toBeLessThan(40)
      }
    }),
    { numRuns: 2_000 },
  )
})

test('survives any bytes: masks them or refuses them', () => {
  const bytes = fc
    .uint8Array({ maxLength: 64 })
    .map((noise) => Buffer.concat([dataRow(['a', null]), Buffer.from(noise)]))
  fc.assert(
    fc.property(bytes, fc.nat(80), fc.nat(255), column, (run, at, byte, mask) => {
      if (at < run.length) run[at] = byte
      try {
        fieldsOf(createRowMasker([mask, null])(run))
      } catch (error) {
        expect(error).toMatchObject({ code: 'row_malformed' })
      }
    }),
    { numRuns: 2_000 },
  )
})
