import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { ProtocolErrorCode } from '../../../proxy/wire/errors.ts'
import { MessageWriter } from '../../../proxy/wire/message-writer.ts'
import { checkBare, flush } from '../../../proxy/wire/messages/bare.ts'
import { decodeBind, encodeBareBind } from '../../../proxy/wire/messages/bind.ts'
import { decodeCommandComplete, rowsOfTag } from '../../../proxy/wire/messages/command-complete.ts'
import { decodeTextRow } from '../../../proxy/wire/messages/data-row.ts'
import { decodeNamed, encodeClose, encodeDescribe } from '../../../proxy/wire/messages/describe.ts'
import { decodeReport, encodeError, encodeFields } from '../../../proxy/wire/messages/error-response.ts'
import { decodeExecute, encodeExecute } from '../../../proxy/wire/messages/execute.ts'
import { decodeParameterStatus } from '../../../proxy/wire/messages/parameter-status.ts'
import { decodeParse, encodeParse } from '../../../proxy/wire/messages/parse.ts'
import { decodePassword } from '../../../proxy/wire/messages/password.ts'
import { decodeQuery, encodeQuery } from '../../../proxy/wire/messages/query.ts'
import { decodeReadyForQuery, readyForQueryIdle } from '../../../proxy/wire/messages/ready-for-query.ts'
import { decodeRowDescription } from '../../../proxy/wire/messages/row-description.ts'
import { decodeStartupPacket, encodeCancelRequest } from '../../../proxy/wire/messages/startup.ts'

const message = (...parts: readonly (string | Buffer)[]): Buffer => {
  const writer = new MessageWriter(0x3f)
  for (const part of parts) writer.bytes(typeof part === 'string' ? Buffer.from(part, 'latin1') : part)
  return writer.message()
}
const none = '\0\0'
const count = (value: number): Buffer => Buffer.from([value >> 8, value & 0xff])
const length = (value: number): Buffer => {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32BE(value)
  return bytes
}

interface Bad {
  readonly why: string
  readonly decode: (bytes: Buffer) => unknown
  readonly bytes: Buffer
  readonly code: ProtocolErrorCode
}

const bad: readonly Bad[] = [
  { why: 'a Query without its end', decode: decodeQuery, bytes: message('select 1'), code: 'string_unterminated' },
  { why: 'a Query with something behind it', decode: decodeQuery, bytes: message('a\0b\0'), code: 'trailing_bytes' },
  { why: 'a Query of nothing', decode: decodeQuery, bytes: message(), code: 'string_unterminated' },
  { why: 'a Query that is not UTF-8', decode: decodeQuery, bytes: message('\xff\0'), code: 'text_not_utf8' },
  { why: 'overlong UTF-8', decode: decodeQuery, bytes: message('\xc0\xa7\0'), code: 'text_not_utf8' },
  { why: 'a lone surrogate', decode: decodeQuery, bytes: message('\xed\xa0\x80\0'), code: 'text_not_utf8' },
  { why: 'a Parse without types', decode: decodeParse, bytes: message('s\0x\0'), code: 'body_truncated' },
  {
    why: 'a Parse that promises types',
    decode: decodeParse,
    bytes: message('\0x\0', count(2), length(23)),
    code: 'body_truncated',
  },
  {
    why: 'a Parse with more than it says',
    decode: decodeParse,
    bytes: message('\0x\0', none, 'y'),
    code: 'trailing_bytes',
  },
  {
    why: 'a Parse whose name is not UTF-8',
    decode: decodeParse,
    bytes: message('\x80\0x\0', none),
    code: 'text_not_utf8',
  },
  {
    why: 'a Bind that promises formats',
    decode: decodeBind,
    bytes: message('\0\0', count(65_535), none),
    code: 'body_truncated',
  },
  {
    why: 'a Bind that promises parameters',
    decode: decodeBind,
    bytes: message('\0\0', none, count(3), none),
    code: 'body_truncated',
  },
  {
    why: 'a Bind with a longer parameter',
    decode: decodeBind,
    bytes: message('\0\0', none, count(1), length(9), 'x', none),
    code: 'body_truncated',
  },
  {
    why: 'a Bind with a negative length',
    decode: decodeBind,
    bytes: message('\0\0', none, count(1), length(-2), none),
    code: 'body_truncated',
  },
  {
    why: 'a Bind with a huge length',
    decode: decodeBind,
    bytes: message('\0\0', none, count(1), length(0x7fff_ffff), none),
    code: 'body_truncated',
  },
  {
    why: 'a Bind with another number of formats',
    decode: decodeBind,
    bytes: message('\0\0', count(2), count(0), count(0), count(1), length(-1), none),
    code: 'value_invalid',
  },
  {
    why: 'a Bind with an unknown format',
    decode: decodeBind,
    bytes: message('\0\0', count(1), count(2), none, none),
    code: 'value_invalid',
  },
  {
    why: 'a Bind with something behind it',
    decode: decodeBind,
    bytes: message('\0\0', none, none, none, '!'),
    code: 'trailing_bytes',
  },
  { why: 'a Describe of neither', decode: decodeNamed, bytes: message('Xs\0'), code: 'value_invalid' },
  { why: 'a Describe of nothing', decode: decodeNamed, bytes: message(), code: 'body_truncated' },
  { why: 'an Execute without its limit', decode: decodeExecute, bytes: message('p\0'), code: 'body_truncated' },
  { why: 'an Execute with more', decode: decodeExecute, bytes: message('p\0', length(0), 'x'), code: 'trailing_bytes' },
  { why: 'a Sync with a body', decode: checkBare, bytes: message('x'), code: 'trailing_bytes' },
  { why: 'a password without its end', decode: decodePassword, bytes: message('secret'), code: 'string_unterminated' },
  { why: 'a ReadyForQuery of no status', decode: decodeReadyForQuery, bytes: message('X'), code: 'value_invalid' },
  {
    why: 'a RowDescription that promises fields',
    decode: decodeRowDescription,
    bytes: message(count(9)),
    code: 'body_truncated',
  },
  { why: 'an error without its end', decode: decodeReport, bytes: message('C42501'), code: 'string_unterminated' },
  {
    why: 'an error with something behind it',
    decode: decodeReport,
    bytes: message('C42501\0\0x'),
    code: 'trailing_bytes',
  },
  {
    why: 'a row with a negative length',
    decode: decodeTextRow,
    bytes: message(count(1), length(-5)),
    code: 'body_truncated',
  },
]

test.each(bad)('$why is refused: $code', ({ decode, bytes, code }) => {
  expect(() => decode(bytes)).toThrow(expect.objectContaining({ code }))
})

test('text that is not UTF-8 is 22021, anything else 08P01', () => {
  expect(() => decodeQuery(message('\xff\0'))).toThrow(expect.objectContaining({ sqlstate: '22021' }))
  expect(() => decodeQuery(message('a\0b\0'))).toThrow(expect.objectContaining({ sqlstate: '08P01' }))
})

describe('what is encoded decodes to the same', () => {
  const name = fc.string({ unit: 'grapheme' }).map((text) => text.replaceAll('\0', ''))

  test('Query, Parse, Describe, Close, Execute', () => {
    fc.assert(
      fc.property(name, name, fc.array(fc.nat()), fc.nat(), (left, right, types, rows) => {
        expect(decodeQuery(encodeQuery(left))).toBe(left)
        const parse = { statement: left, sql: right, parameterTypes: types }
        expect(decodeParse(encodeParse(parse))).toEqual(parse)
        for (const what of ['statement', 'portal'] as const) {
          expect(decodeNamed(encodeDescribe({ what, name: left }))).toEqual({ what, name: left })
          expect(decodeNamed(encodeClose({ what, name: left }))).toEqual({ what, name: left })
        }
        expect(decodeExecute(encodeExecute({ portal: left, rowsMax: rows }))).toEqual({ portal: left, rowsMax: rows })
      }),
    )
  })

  test('errors, field by field', () => {
    const fields = fc
      .dictionary(fc.constantFrom('S', 'V', 'C', 'M', 'D', 'H'), name)
      .map((known) => new Map(Object.entries(known)))
    fc.assert(
      fc.property(fields, (known) => {
        expect(decodeReport(encodeFields(0x45, known))).toEqual(known)
      }),
    )
  })

  test('a Bind of ours', () => {
    const bind = { portal: 'p', statement: 's', parameterFormats: [], parameters: [], resultFormats: [] }
    expect(decodeBind(encodeBareBind('p', 's'))).toEqual(bind)
  })
})

test('a Parse has more types than a signed count can hold', () => {
  const types = Array.from({ length: 40_000 }, (_, index) => index)
  expect(decodeParse(encodeParse({ statement: '', sql: 'x', parameterTypes: types })).parameterTypes).toEqual(types)
})

test('a NUL in a text of ours does not end the string early', () => {
  const report = decodeReport(encodeError({ severity: 'ERROR', sqlstate: '42501', message: 'a\0Mb' }))
  expect(report.get('M')).toBe('aMb')
})

test('a tag says how many rows', () => {
  const tags = ['SELECT 12', 'INSERT 0 5', 'DELETE 0', 'BEGIN', 'COPY 3', 'CREATE TABLE', 'CREATE TABLE AS', '']
  expect(tags.map(rowsOfTag)).toEqual([12, 5, 0, 0, 3, 0, 0, 0])
  expect(decodeCommandComplete(message('SELECT 1\0'))).toBe('SELECT 1')
})

test('a status is one of three', () => {
  expect(decodeReadyForQuery(readyForQueryIdle)).toBe('idle')
  expect(decodeParameterStatus(message('a\0b\0'))).toEqual({ name: 'a', value: 'b' })
  expect(flush).toEqual(Buffer.from([0x48, 0, 0, 0, 4]))
})

describe('startup packets', () => {
  const packet = (code: number, rest = ''): Buffer => Buffer.concat([length(code), Buffer.from(rest, 'latin1')])
  const V3 = 196_608

  test.each([
    ['protocol 2.0', packet(131_072), 'version_unsupported'],
    ['protocol 4.0', packet(262_144), 'version_unsupported'],
    ['a name without a value', packet(V3, 'user\0'), 'string_unterminated'],
    ['no end', packet(V3, 'user\0ana\0'), 'string_unterminated'],
    ['something behind the end', packet(V3, 'user\0ana\0\0x'), 'trailing_bytes'],
    ['a name twice', packet(V3, 'user\0ana\0user\0eve\0\0'), 'value_invalid'],
    ['bytes that are not UTF-8', packet(V3, 'user\0\xff\0\0'), 'text_not_utf8'],
    ['a body behind SSLRequest', packet(80_877_103, 'x'), 'trailing_bytes'],
    ['a cancel key of no secret', packet(80_877_102, '\0\0\0\x01'), 'length_out_of_range'],
    ['a cancel key of a long secret', packet(80_877_102, 'x'.repeat(261)), 'length_out_of_range'],
  ] as const)('%s: %s', (_why, bytes, code) => {
    expect(() => decodeStartupPacket(bytes)).toThrow(expect.objectContaining({ code }))
  })

  test('a cancel key is what was handed out, short or long', () => {
    for (const bytes of [8, 36]) {
      const key = Buffer.alloc(bytes, 5)
      expect(decodeStartupPacket(encodeCancelRequest(key).subarray(4))).toEqual({ kind: 'cancel', key })
    }
  })

  test('no random bytes do more than throw what is known', () => {
    const decoders = [
      decodeQuery,
      decodeParse,
      decodeBind,
      decodeNamed,
      decodeExecute,
      decodeRowDescription,
      decodeReport,
    ]
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 5, maxLength: 200 }), fc.constantFrom(...decoders), (bytes, decode) => {
        try {
          decode(Buffer.from(bytes))
        } catch (error) {
          expect(error).toMatchObject({ name: 'ProtocolError' })
        }
      }),
    )
  })
})
