import { createHash } from 'node:crypto'
import type { BoundParameters } from '../gate.ts'
import { dateText, jsonbText, numericText, timestampText, timestamptzText, timeText } from './binary-values.ts'

const BINARY = 1

/** Bound parameters as people read them: text as it is, well-known binary types decoded, other binary values as \x…. */
export function parameterTexts({ values, formats, types }: BoundParameters): readonly (string | null)[] {
  return values.map((value, index) => {
    if (value === null) return null
    const format = formats.length === 1 ? formats[0] : formats[index]
    return format === BINARY ? binaryText(value, types[index] ?? 0) : value.toString('utf8')
  })
}

interface Decoder {
  readonly bytes: number | null
  readonly decode: (value: Buffer) => string
}

/** By the type's OID: how many bytes its binary form has (null: any), and how it reads. */
const decoders: ReadonlyMap<number, Decoder> = new Map<number, Decoder>([
  [16, { bytes: 1, decode: (value: Buffer) => (value[0] === 0 ? 'false' : 'true') }],
  [20, { bytes: 8, decode: (value: Buffer) => value.readBigInt64BE().toString() }],
  [21, { bytes: 2, decode: (value: Buffer) => value.readInt16BE().toString() }],
  [23, { bytes: 4, decode: (value: Buffer) => value.readInt32BE().toString() }],
  ...[18, 19, 25, 114, 705, 1042].map((type): [number, Decoder] => [type, { bytes: null, decode: utf8 }]),
  [26, { bytes: 4, decode: (value: Buffer) => value.readUInt32BE().toString() }],
  [700, { bytes: 4, decode: (value: Buffer) => value.readFloatBE().toString() }],
  [701, { bytes: 8, decode: (value: Buffer) => value.readDoubleBE().toString() }],
  [1043, { bytes: null, decode: utf8 }],
  [1082, { bytes: 4, decode: dateText }],
  [1083, { bytes: 8, decode: timeText }],
  [1114, { bytes: 8, decode: timestampText }],
  [1184, { bytes: 8, decode: timestamptzText }],
  [1700, { bytes: null, decode: numericText }],
  [2950, { bytes: 16, decode: uuidText }],
  [3802, { bytes: null, decode: jsonbText }],
])

function binaryText(value: Buffer, type: number): string {
  const decoder = decoders.get(type)
  const asBytes = `\\x${value.toString('hex')}`
  if (decoder === undefined || (decoder.bytes !== null && decoder.bytes !== value.length)) return asBytes
  try {
    return decoder.decode(value)
  } catch {
    return asBytes // not what the type has; the server will say so
  }
}

function utf8(value: Buffer): string {
  return value.toString('utf8')
}

function uuidText(value: Buffer): string {
  return value.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}

const RECORDED_CHARACTERS_MAX = 10_000
const BEGINNING_CHARACTERS = 1_000

/** The trail keeps a large value's beginning, length and hash. */
export function forTheTrail(texts: readonly (string | null)[]): readonly (string | null)[] {
  if (!texts.some((text) => text !== null && text.length > RECORDED_CHARACTERS_MAX)) return texts
  return texts.map((text) => {
    if (text === null || text.length <= RECORDED_CHARACTERS_MAX) return text
    const sha256 = createHash('sha256').update(text).digest('hex')
    return `${text.slice(0, BEGINNING_CHARACTERS)}… (${text.length} characters, sha256 ${sha256})`
  })
}
