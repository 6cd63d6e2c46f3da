import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Facts, facts as shown } from '../../../policies/input.ts'
import { type Analysis, analyse } from '../../../proxy/sql/analyse.ts'
import { parse } from '../../../proxy/sql/parse.ts'
import { typeOf } from '../../../proxy/sql/tree.ts'
import { dangers } from '../../adversary/dangers.ts'
import { queriesOverLabels } from '../../adversary/queries-over-labels.ts'
import { statementsOverLabels } from '../../adversary/statements-over-labels.ts'
import { corpus } from '../../proxy/sql/corpus.ts'
import { type Sample, sample } from '../../proxy/sql/sample.ts'
import { regressionFiles } from './corpus.ts'
import { statementsOf } from './psql-script.ts'

/**
 * PostgreSQL's own regression statements, where the machine can get them; statements of ours always. Every one must
 * give facts or a refusal with a reason, none may fail, and the work on each is bounded by a line over its length. Work
 * is counted in nodes walked, so that it is the same on every machine.
 */
const fetched = await regressionFiles()
const say = (line: string): void => void process.stderr.write(`regression statements: ${line}\n`)
if (fetched.files === null) say(`PostgreSQL's own are not here (${fetched.reason}); only our own are looked at`)

const ours = [
  ...corpus,
  ...Object.values(queriesOverLabels).flat(),
  ...Object.values(statementsOverLabels).flat(2),
  ...Object.values(dangers).flatMap((list) => list.flatMap(([, ...statements]) => statements)),
]
const theirs = new Map([...(fetched.files ?? [])].map(([name, text]) => [name, statementsOf(text)]))

/** Definitions that later statements name, and that change nothing outside of their database. */
const DEFINING = new Set(
  `CreateStmt ViewStmt CreateFunctionStmt CreateTableAsStmt CreateSeqStmt CompositeTypeStmt CreateEnumStmt
   CreateRangeStmt CreateDomainStmt CreateSchemaStmt`.split(/\s+/),
)

let base: Sample
beforeAll(async () => {
  base = await sample()
  const client = new pg.Client(base.url)
  await client.connect()
  await client.query("SET statement_timeout = '30s'; SET synchronous_commit = off; SET client_min_messages = error")
  for (const statements of theirs.values()) {
    for (const sql of statements) {
      const parsed = parse(sql)
      const type = 'reason' in parsed || parsed.length !== 1 ? '' : (typeOf(parsed[0]?.node) ?? '')
      // Many are meant to fail, and others need what is not there.
      if (DEFINING.has(type)) await client.query(sql).catch(() => undefined)
    }
    await client.query('RESET search_path; RESET SESSION AUTHORIZATION')
  }
  await client.end()
  await base.catalog.refresh()
}, 240_000)
afterAll(() => base[Symbol.asyncDispose]())

interface Judged {
  readonly sql: string
  readonly analyses: readonly Analysis[]
  readonly work: number
}

function judged(sql: string): Judged {
  const budget = { left: 1e9 }
  const analyses = analyse(sql, base.names(), budget)
  return { sql, analyses, work: 1e9 - budget.left }
}

/** What a statement may cost: so much to begin with, and so much for each character of it and of what it calls. */
const WORK_BASE = 500
const WORK_PER_CHARACTER = 1

const tooMuch = ({ sql, work, analyses }: Judged): boolean =>
  work > WORK_BASE + WORK_PER_CHARACTER * (sql.length + bodies(analyses))

function bodies(analyses: readonly Analysis[]): number {
  const called = new Set(analyses.flatMap(({ definitions }) => definitions.map(({ oid }) => oid)))
  return [...called].reduce((sum, oid) => sum + (base.catalog.snapshot.routineByOid(oid)?.body?.length ?? 0), 0)
}
const EMPTY = /^(?:\s|--[^\n]*(?:\n|$)|\/\*[\s\S]*?\*\/|;)*$/

/** Neither what it does nor why it is not known: there would be nothing to judge by. */
const isMute = ({ sql, analyses }: Judged): boolean =>
  (analyses.length === 0 && !EMPTY.test(sql)) || analyses.some(({ facts }) => facts.effects.length === 0)
/** Not what policies are told that they are shown. */
const isOffSchema = ({ analyses }: Judged): boolean => analyses.some((each) => !shown.safeParse(each.facts).success)
const isUnknownInSilence = ({ analyses }: Judged): boolean =>
  analyses.some(({ facts }) => facts.effects.includes('unknown') && facts.unresolved.length === 0)

describe('our own statements', () => {
  test('give facts or a reason each, for work that grows with their length and no more', () => {
    const all = ours.map(judged)
    expect(all.length).toBeGreaterThan(600)
    expect(all.filter(isMute).map(({ sql }) => sql)).toEqual([])
    expect(all.filter(isUnknownInSilence).map(({ sql }) => sql)).toEqual([])
    expect(all.filter(isOffSchema).map(({ sql }) => sql)).toEqual([])
    expect(all.filter(tooMuch).map(({ sql, work }) => ({ sql, work }))).toEqual([])
  })
})

describe('PostgreSQL’s regression statements', () => {
  test.for([...theirs])('of %s give facts or a reason each, for work that grows with their length', ([, list]) => {
    const all = list.map(judged)
    expect(all.filter(isMute).map(({ sql }) => sql)).toEqual([])
    expect(all.filter(isUnknownInSilence).map(({ sql }) => sql)).toEqual([])
    expect(all.filter(isOffSchema).map(({ sql }) => sql)).toEqual([])
    expect(all.filter(tooMuch).map(({ sql, work }) => ({ sql, work }))).toEqual([])
  })

  test('are understood as far as they were when this was written, and no less', () => {
    if (fetched.files === null) return expect(theirs.size).toBe(0)
    const counts = countsOf(
      [...theirs.values()].flat().flatMap((sql) => judged(sql).analyses.map(({ facts }) => facts)),
    )
    say(JSON.stringify(counts))
    const expected = JSON.parse(readFileSync(join(import.meta.dirname, 'expectations.json'), 'utf8'))
    // Another release of the package has other statements; its numbers are only told.
    if (fetched.sha256 !== expected.sha256) return say(`these are others than were counted (${fetched.sha256})`)
    expect(counts).toMatchObject(expected.exactly)
    expect(counts.resolved).toBeGreaterThanOrEqual(expected.resolvedMin)
  })
})

function countsOf(all: readonly Facts[]): Record<string, number> {
  const counts: Record<string, number> = { statements: all.length, resolved: 0 }
  const count = (key: string): void => {
    counts[key] = (counts[key] ?? 0) + 1
  }
  for (const { unresolved } of all) {
    if (unresolved.length === 0) count('resolved')
    for (const code of new Set(unresolved.map((each) => each.code))) count(`unresolved ${code}`)
  }
  return counts
}
