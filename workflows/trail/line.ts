import canonicalize from 'canonicalize'
import { TrailError } from './errors.ts'

/**
 * One record is one line of canonical JSON (RFC 8785: keys in code-unit order, no white space):
 *
 *   {"at":"2026-03-01T09:30:00.125Z","body":{…},"event":"statement.intended","journal":"proxy-1-9f2c41aa",
 *    "origin":{"at":"…","id":"…"},"prev":"<SHA-256 of the line before, hex>","seq":42}
 *
 * `origin` is there only when the event happened in the state database and came through its outbox: its id and time
 * there. `prev` is over the exact bytes of the line without its newline; before the first record it is 64 zeros. The
 * order of the keys puts everything the chain needs at the end of the line, where it is found without parsing.
 */
export interface TrailRecord {
  readonly at: string
  readonly body: Readonly<Record<string, unknown>>
  readonly event: string
  readonly journal: string
  readonly origin?: Origin
  readonly prev: string
  readonly seq: number
}

export interface Origin {
  readonly at: string
  readonly id: string
}

export const HASH_OF_NOTHING = '0'.repeat(64)

const LINK = /,"prev":"([0-9a-f]{64})","seq":([1-9]\d{0,15})\}$/
/** Longer than any link, so that a line of megabytes is not searched from its start. */
const LINK_CHARACTERS_MAX = 120

/** The chain's part of a line, or null when the line has none. */
export function linkOf(line: string): { readonly prev: string; readonly seq: number } | null {
  const match = LINK.exec(line.slice(-LINK_CHARACTERS_MAX))
  return match?.[1] === undefined ? null : { prev: match[1], seq: Number(match[2]) }
}

/** The whole record, or null when the line is not one. */
export function recordOf(line: string): TrailRecord | null {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch {
    return null
  }
  return isRecord(value) ? value : null
}

function isRecord(value: unknown): value is TrailRecord {
  if (!isObject(value)) return false
  const { at, body, event, journal, origin, prev, seq } = value
  return (
    [at, event, journal, prev].every((text) => typeof text === 'string') &&
    Number.isSafeInteger(seq) &&
    isObject(body) &&
    (origin === undefined || (isObject(origin) && typeof origin.id === 'string' && typeof origin.at === 'string'))
  )
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** @throws TrailError event_invalid for what JSON cannot say: NaN, a lone surrogate, a cycle */
export function canonical(value: unknown): string {
  try {
    const text = canonicalize(value)
    if (text !== undefined) return text
  } catch (cause) {
    throw invalid(cause)
  }
  throw invalid(undefined)
}

/** The line of a record whose body is canonical JSON already, without its newline. */
export function lineOf(record: LineParts): string {
  const { at, body, event, journal, origin, prev, seq } = record
  const source = origin === null ? '' : `"origin":${canonical({ at: origin.at, id: origin.id })},`
  return `{"at":"${at}","body":${body},"event":${canonicalText(event)},"journal":"${journal}",${source}"prev":"${prev}","seq":${seq}}`
}

export interface LineParts extends Omit<TrailRecord, 'body' | 'origin'> {
  readonly body: string
  readonly origin: Origin | null
}

/** One string in canonical JSON. */
export function canonicalText(text: string): string {
  // JSON.stringify would write a lone surrogate as an escape, which RFC 8785 forbids and other readers change.
  if (!text.isWellFormed()) throw invalid(undefined)
  return JSON.stringify(text)
}

function invalid(cause: unknown): TrailError {
  return new TrailError('event_invalid', 'The trail cannot record an event that is not valid JSON', { cause })
}
