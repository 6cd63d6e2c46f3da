import type { ParameterTypes } from '../preview/parameter-types.ts'
import { arrayText } from './array-text.ts'
import {
  dateText,
  float4Text,
  jsonbText,
  numericText,
  timestampText,
  timestamptzText,
  timeText,
} from './binary-values.ts'

interface Decoder {
  readonly bytes: number | null
  readonly decode: (value: Buffer) => string
}

/** "char", name, text, json, unknown, bpchar and varchar: their binary form is the text. */
const TEXTS: readonly number[] = [18, 19, 25, 114, 705, 1042, 1043]

/** By the type's OID: how many bytes its binary form has (null: any), and how it reads. */
const decoders: ReadonlyMap<number, Decoder> = new Map<number, Decoder>([
  [16, { bytes: 1, decode: (value: Buffer) => (value[0] === 0 ? 'false' : 'true') }],
  [17, { bytes: null, decode: bytesText }],
  [20, { bytes: 8, decode: (value: Buffer) => value.readBigInt64BE().toString() }],
  [21, { bytes: 2, decode: (value: Buffer) => value.readInt16BE().toString() }],
  [23, { bytes: 4, decode: (value: Buffer) => value.readInt32BE().toString() }],
  ...TEXTS.map((type): [number, Decoder] => [type, { bytes: null, decode: utf8 }]),
  [26, { bytes: 4, decode: (value: Buffer) => value.readUInt32BE().toString() }],
  [700, { bytes: 4, decode: float4Text }],
  [701, { bytes: 8, decode: (value: Buffer) => value.readDoubleBE().toString() }],
  [1082, { bytes: 4, decode: dateText }],
  [1083, { bytes: 8, decode: timeText }],
  [1114, { bytes: 8, decode: timestampText }],
  [1184, { bytes: 8, decode: timestamptzText }],
  [1700, { bytes: null, decode: numericText }],
  [2950, { bytes: 16, decode: uuidText }],
  [3802, { bytes: null, decode: jsonbText }],
])

export function isText(type: number): boolean {
  return TEXTS.includes(type)
}

type Meaning = Pick<ParameterTypes, 'readAs' | 'isArray'>

/** As the server would write it; null: the type is not one of those, or the bytes are not what it has. */
export function binaryText(value: Buffer, type: number, meaning: Meaning): string | null {
  const { isArray, readAs } = meaning
  const decoder = decoders.get(readAs(type))
  if (decoder === undefined && !isArray(readAs(type))) return null
  if (decoder !== undefined && decoder.bytes !== null && decoder.bytes !== value.length) return null
  try {
    if (decoder !== undefined) return decoder.decode(value)
    return arrayText(value, (element, of) => {
      const text = binaryText(element, of, { readAs, isArray: () => false })
      if (text === null) throw new RangeError('elements of a type that is not known')
      return text
    })
  } catch {
    return null // not what the type has; the server will say so
  }
}

export function bytesText(value: Buffer): string {
  return `\\x${value.toString('hex')}`
}

const utf8Text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

function utf8(value: Buffer): string {
  return utf8Text.decode(value)
}

function uuidText(value: Buffer): string {
  return value.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}
