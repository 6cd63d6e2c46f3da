/**
 * What stands in place of a value that is masked whole, so that any driver still reads the row: text, JSON and XML say
 * that they were redacted; what can be empty is empty; a UUID is the nil one, an address the unspecified one. Numbers,
 * booleans, dates and whatever is not listed have no value that nobody would take for data, so they are NULL.
 *
 * Type OIDs: https://github.com/postgres/postgres/blob/master/src/include/catalog/pg_type.dat
 */
export const oid = {
  bool: 16,
  bytea: 17,
  char: 18,
  name: 19,
  text: 25,
  json: 114,
  xml: 142,
  unknown: 705,
  inet: 869,
  cidr: 650,
  bpchar: 1042,
  varchar: 1043,
  date: 1082,
  timestamp: 1114,
  timestamptz: 1184,
  tsvector: 3614,
  uuid: 2950,
  jsonb: 3802,
} as const

const texts: ReadonlySet<number> = new Set([oid.text, oid.varchar, oid.bpchar, oid.name, oid.unknown])

export function isText(typeOid: number): boolean {
  return texts.has(typeOid)
}

/** Array type → its element's type; a binary array names it. */
const elementOf: ReadonlyMap<number, number> = new Map([
  [1000, 16], // bool[]
  [1001, 17], // bytea[]
  [1002, 18], // "char"[]
  [1003, 19], // name[]
  [1005, 21], // int2[]
  [1007, 23], // int4[]
  [1009, 25], // text[]
  [1014, 1042], // bpchar[]
  [1015, 1043], // varchar[]
  [1016, 20], // int8[]
  [1021, 700], // float4[]
  [1022, 701], // float8[]
  [1028, 26], // oid[]
  [1041, 869], // inet[]
  [651, 650], // cidr[]
  [1115, 1114], // timestamp[]
  [1182, 1082], // date[]
  [1183, 1083], // time[]
  [1185, 1184], // timestamptz[]
  [1187, 1186], // interval[]
  [1231, 1700], // numeric[]
  [199, 114], // json[]
  [143, 142], // xml[]
  [2951, 2950], // uuid[]
  [3807, 3802], // jsonb[]
])

const ranges: ReadonlySet<number> = new Set([3904, 3906, 3908, 3910, 3912, 3926])
const multiranges: ReadonlySet<number> = new Set([4451, 4532, 4533, 4534, 4535, 4536])

const NIL_UUID = '00000000-0000-0000-0000-000000000000'
/** PGSQL_AF_INET, no network bits, not a cidr (or one), four bytes of address. */
const anyAddress = (bits: number, cidr: 0 | 1): Buffer => Buffer.from([2, bits, cidr, 4, 0, 0, 0, 0])

const text: ReadonlyMap<number, string> = new Map([
  ...[...texts].map((typeOid): [number, string] => [typeOid, '[redacted]']),
  [oid.char, '*'],
  [oid.json, '"[redacted]"'],
  [oid.jsonb, '"[redacted]"'],
  [oid.xml, '<redacted/>'],
  [oid.uuid, NIL_UUID],
  [oid.inet, '0.0.0.0'],
  [oid.cidr, '0.0.0.0/0'],
  [oid.bytea, '\\x'],
  [oid.tsvector, ''],
  ...[...elementOf.keys(), ...multiranges].map((typeOid): [number, string] => [typeOid, '{}']),
  ...[...ranges].map((typeOid): [number, string] => [typeOid, 'empty']),
])

const binary: ReadonlyMap<number, Buffer> = new Map([
  [oid.jsonb, Buffer.from('\u0001"[redacted]"')], // behind the format's version
  [oid.uuid, Buffer.alloc(16)],
  [oid.inet, anyAddress(32, 0)],
  [oid.cidr, anyAddress(0, 1)],
  [oid.bytea, Buffer.alloc(0)],
  [oid.tsvector, Buffer.alloc(4)], // no lexemes
  ...[...elementOf].map(([array, element]): [number, Buffer] => [array, emptyArray(element)]),
  ...[...multiranges].map((typeOid): [number, Buffer] => [typeOid, Buffer.alloc(4)]), // no ranges
  ...[...ranges].map((typeOid): [number, Buffer] => [typeOid, Buffer.from([1])]), // RANGE_EMPTY
])

/** null: there is none, the value becomes SQL NULL. */
export function neutralValue(typeOid: number, format: 0 | 1): Buffer | null {
  const own = format === 1 ? binary.get(typeOid) : undefined
  if (own !== undefined) return own
  const value = text.get(typeOid)
  return value === undefined ? null : Buffer.from(value)
}

/** No dimensions, no nulls, the element's type. */
function emptyArray(element: number): Buffer {
  const bytes = Buffer.alloc(12)
  bytes.writeUInt32BE(element, 8)
  return bytes
}
