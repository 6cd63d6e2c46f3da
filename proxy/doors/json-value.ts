import pg from 'pg'
import type { JsonValue } from './answer.ts'

/** How a value goes in and comes out as JSON: nothing is rounded, and what JSON has no word for is PostgreSQL's text. */
const NAMES: ReadonlyMap<number, string> = new Map(
  Object.entries(pg.types.builtins).map(([name, oid]) => [oid as number, name.toLowerCase()]),
)
const { BOOL, INT2, INT4, OID, FLOAT4, FLOAT8, JSON: JSON_TYPE, JSONB } = pg.types.builtins
const NUMBERS: ReadonlySet<number> = new Set([INT2, INT4, OID, FLOAT4, FLOAT8])
const DOCUMENTS: ReadonlySet<number> = new Set([JSON_TYPE, JSONB])

export function typeName(oid: number): string {
  return NAMES.get(oid) ?? `oid ${oid}`
}

/** A masked value may be no value of its type: then it is text as well. */
export function fromText(oid: number, text: string | null): JsonValue {
  if (text === null) return null
  if (oid === BOOL && (text === 't' || text === 'f')) return text === 't'
  if (NUMBERS.has(oid) && /^-?\d/.test(text)) return Number(text)
  return DOCUMENTS.has(oid) ? parsed(text) : text
}

function parsed(text: string): JsonValue {
  try {
    return JSON.parse(text) as JsonValue
  } catch {
    return text
  }
}

export function toText(value: JsonValue): string | null {
  if (value === null || typeof value === 'string') return value
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}
