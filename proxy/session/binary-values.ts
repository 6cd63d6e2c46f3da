/**
 * PostgreSQL's binary formats as text, for people: what drivers send that know their types. Each throws where the bytes
 * are not what the type has, and then they are shown as they are.
 * https://github.com/postgres/postgres/tree/master/src/backend/utils/adt (the *_send functions)
 */
/** The fewest digits that are this number and no other of its type. */
export function float4Text(value: Buffer): string {
  const number = value.readFloatBE()
  for (let digits = 1; digits < 9; digits++) {
    const short = Number(number.toPrecision(digits))
    if (Math.fround(short) === number) return short.toString()
  }
  return number.toString()
}

export function dateText(value: Buffer): string {
  const days = value.readInt32BE()
  if (days === 0x7fffffff) return 'infinity'
  return days === -0x80000000 ? '-infinity' : day(BigInt(days) * DAY_US)
}

export function timestampText(value: Buffer): string {
  const micros = value.readBigInt64BE()
  if (micros === 0x7fffffffffffffffn) return 'infinity'
  if (micros === -0x8000000000000000n) return '-infinity'
  return `${day(micros)} ${clock(micros)}`
}

export function timestamptzText(value: Buffer): string {
  const text = timestampText(value)
  return text.endsWith('infinity') ? text : `${text}+00`
}

export function timeText(value: Buffer): string {
  const micros = value.readBigInt64BE()
  return micros === DAY_US ? '24:00:00' : clock(micros)
}

/** A version, and then the text. */
export function jsonbText(value: Buffer): string {
  if (value[0] !== 1) throw new RangeError('a version of jsonb that is not known')
  return value.toString('utf8', 1)
}

const DAY_US = 86_400_000_000n
/** 2000-01-01, from which PostgreSQL counts, in milliseconds. */
const EPOCH_MS = 946_684_800_000n

function day(micros: bigint): string {
  const date = new Date(Number(EPOCH_MS + (floor(micros) * DAY_US) / 1_000n))
  const [text = ''] = date.toISOString().split('T')
  if (!/^\d{4}-/.test(text) || text.startsWith('0000')) throw new RangeError('a year that is written otherwise')
  return text
}

/** Which day, from 2000-01-01. */
function floor(micros: bigint): bigint {
  const days = micros / DAY_US
  return micros % DAY_US < 0n ? days - 1n : days
}

function clock(micros: bigint): string {
  const within = micros - floor(micros) * DAY_US
  const seconds = Number(within / 1_000_000n)
  const parts = [Math.floor(seconds / 3_600), Math.floor(seconds / 60) % 60, seconds % 60]
  const rest = `${within % 1_000_000n}`.padStart(6, '0').replace(/0+$/, '')
  const text = parts.map((part) => `${part}`.padStart(2, '0')).join(':')
  return rest === '' ? text : `${text}.${rest}`
}

const NEGATIVE = 0x4000
const SPECIAL: Readonly<Record<number, string>> = { 49152: 'NaN', 53248: 'Infinity', 61440: '-Infinity' }

/** Digits to the base of 10,000, the first of them with the weight 10,000^weight. */
export function numericText(value: Buffer): string {
  const [count, weight, sign, scale] = [
    value.readUInt16BE(0),
    value.readInt16BE(2),
    value.readUInt16BE(4),
    value.readUInt16BE(6),
  ]
  const special = SPECIAL[sign]
  if (special !== undefined) return special
  if (value.length !== 8 + 2 * count) throw new RangeError('not as many digits as it says')
  const digit = (at: number): string => `${at >= 0 && at < count ? value.readUInt16BE(8 + 2 * at) : 0}`.padStart(4, '0')
  const whole = Array.from({ length: Math.max(weight + 1, 0) }, (_, at) => digit(at)).join('')
  const places = Array.from({ length: Math.ceil(scale / 4) }, (_, at) => digit(weight + 1 + at)).join('')
  const text = whole.replace(/^0+(?=\d)/, '') || '0'
  const minus = sign === NEGATIVE ? '-' : ''
  return scale === 0 ? `${minus}${text}` : `${minus}${text}.${places.slice(0, scale)}`
}
