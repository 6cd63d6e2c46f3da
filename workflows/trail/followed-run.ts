import { isUtf8 } from 'node:buffer'
import { hash } from 'node:crypto'
import { recordOf } from './line.ts'
import { ShippedInputs } from './shipped-inputs.ts'

/** Where a journal stands: its last record, and that record's hash (hex). */
export interface Standing {
  readonly seq: number
  readonly hash: string
}

/** A run of records that continue each other, and what else has to be known of them. */
export interface FollowedRun extends Standing {
  readonly firstAt: string
  readonly lastAt: string
  /** The events of the state database among them, by the id that they have there. */
  readonly origins: ReadonlyMap<string, number>
  readonly inputs: ShippedInputs
}

/** The place of `at`, which is the first field of every line. */
const AT_START = 7
const AT_END = AT_START + 24
const NEWLINE = 0x0a

/**
 * Follows the chain through lines as the bytes that they are. Statements, which are nearly all of them, are not parsed.
 *
 * @returns the run, or the number of the first record that does not continue the one before
 */
export function followRun(whole: Buffer, journal: string, from: Standing): FollowedRun | number {
  if (!isUtf8(whole)) return from.seq + 1
  const inputs = new ShippedInputs()
  const origins = new Map<string, number>()
  const inJournal = `","journal":"${journal}"`
  let { seq, hash: prev } = from
  let last: Buffer = whole
  for (let start = 0; start <= whole.length; start += last.length + 1) {
    const end = whole.indexOf(NEWLINE, start)
    last = whole.subarray(start, end === -1 ? whole.length : end)
    const link = `,"prev":"${prev}","seq":${seq + 1}}`
    if (!endsWith(last, last.length, link)) return seq + 1
    prev = hash('sha256', last)
    seq++
    lookAt(last, { before: last.length - link.length, inJournal, seq, inputs, origins })
  }
  return { seq, hash: prev, origins, inputs, firstAt: timeOf(whole), lastAt: timeOf(last) }
}

interface Place {
  /** Where the chain's part of the line begins. */
  readonly before: number
  readonly inJournal: string
  readonly seq: number
  readonly inputs: ShippedInputs
  readonly origins: Map<string, number>
}

const COMPLETED = '"event":"statement.completed'
const INTENDED = '"event":"statement.intended'
const DENIED = '"event":"statement.denied'

function lookAt(line: Buffer, { before, inJournal, seq, inputs, origins }: Place): void {
  const event = endsWith(line, before, inJournal) ? before - inJournal.length : 0
  if (endsWith(line, event, COMPLETED)) return
  const day = line.toString('latin1', AT_START, AT_START + 10)
  if (endsWith(line, event, INTENDED)) inputs.decided(line, day, 'allow')
  else if (endsWith(line, event, DENIED)) inputs.decided(line, day, 'deny')
  else lookInto(line, seq, inputs, origins)
}

function lookInto(line: Buffer, seq: number, inputs: ShippedInputs, origins: Map<string, number>): void {
  const record = recordOf(line.toString('utf8'))
  if (record === null) return
  inputs.saw(record)
  const id = record.origin?.id
  if (id !== undefined && !origins.has(id)) origins.set(id, seq)
}

function endsWith(line: Buffer, end: number, text: string): boolean {
  return end >= text.length && line.toString('latin1', end - text.length, end) === text
}

function timeOf(line: Buffer): string {
  return line.toString('latin1', AT_START, AT_END)
}
