import fc from 'fast-check'
import { parseSync } from 'libpg-query'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { grammar } from '../../../proxy/sql/grammar.ts'
import { parse } from '../../../proxy/sql/parse.ts'
import { inventory } from '../../../proxy/sql/tree.ts'
import { type Sample, sample } from './sample.ts'

let shop: Sample

beforeAll(async () => {
  shop = await sample()
})

afterAll(() => shop[Symbol.asyncDispose]())

describe('what cannot be read or understood is said to be unknown, and nothing throws', () => {
  const deep: Readonly<Record<string, (n: number) => string>> = {
    brackets: (n) => `SELECT ${'('.repeat(n)}1${')'.repeat(n)}`,
    subqueries: (n) => `SELECT ${'(SELECT '.repeat(n)}1${')'.repeat(n)}`,
    sums: (n) => `SELECT 1${'+1'.repeat(n)}`,
    unions: (n) => `SELECT 1${' UNION SELECT 1'.repeat(n)}`,
    negations: (n) => `SELECT ${'NOT '.repeat(n)}true`,
    joins: (n) => `SELECT 1 FROM ${'('.repeat(n)}staff a${' JOIN staff b ON true) x'.repeat(n)}`,
  }

  test.for(Object.keys(deep))('10,000 %s', (name) => {
    const [analysis] = shop.analyse(deep[name]?.(10_000) ?? '')
    if (analysis?.facts.unresolved.length === 0) expect(analysis.facts.effects).toEqual(['read'])
    else expect(analysis?.facts.effects).toContain('unknown')
    expect(shop.one('SELECT 1').facts.effects).toEqual(['read'])
  })

  test.for([
    ['', 0],
    [';', 0],
    ['-- only a comment', 0],
    ['/* a */ ; ; /* b */', 0],
    ['SELECT 1;', 1],
    [';SELECT 1;;SELECT 2', 2],
  ] as const)('%j holds %i statements', ([text, count]) => {
    expect(shop.analyse(text)).toHaveLength(count)
  })

  test.for([
    'SELEC 1',
    "SELECT 'a",
    'SELECT $$a',
    'SELECT /* a',
    'SELECT "',
    'SELECT U&"\\D800"',
    'SELECT 1; SELEC 2',
    '\\d',
    'SELECT 1\0; DROP TABLE staff',
  ])('%s is unreadable as a whole', (text) => {
    expect(shop.analyse(text)).toMatchObject([
      { facts: { kind: 'unreadable', effects: ['unknown'], unresolved: [{ code: 'syntax' }] } },
    ])
  })

  test('recursion that grows with every level stops at its budget', () => {
    let sql = 'SELECT 1 AS a'
    for (let level = 0; level < 18; level++)
      sql = `WITH RECURSIVE t${level} (a, b) AS ((${sql}) UNION ALL SELECT b, a FROM t${level}) SELECT a, b AS c FROM t${level}`
    expect(shop.one(sql).facts.effects).toContain('unknown')
  })

  test('any text', () => {
    const words = fc.constantFrom(
      'SELECT',
      'FROM',
      'customers',
      'email',
      '*',
      ',',
      '(',
      ')',
      'WITH',
      'AS',
      'x',
      "'a'",
      '1',
      '=',
      'WHERE',
      'JOIN',
      'ON',
      '.',
      'DELETE',
      ';',
      'ORDER BY',
      'UNION',
      '$1',
      '::text',
      'LATERAL',
      'USING',
      'INSERT INTO',
      'VALUES',
      'RETURNING',
    )
    fc.assert(
      fc.property(fc.array(words, { maxLength: 30 }), (list) => {
        for (const { facts } of shop.analyse(list.join(' '))) expect(facts.effects.length).toBeGreaterThan(0)
      }),
      { numRuns: 2_000 },
    )
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => void shop.analyse(text)))
  })
})

describe('every statement keeps its own text', () => {
  test('in bytes, not in characters', () => {
    const texts = ["SELECT 'ü€😀'", 'DELETE FROM orders WHERE id = 1 /* é */', "SELECT 'x'"]
    expect(shop.analyse(texts.join('; ')).map(({ text }) => text)).toEqual(texts)
    expect(shop.analyse("SELECT 'ü'").map(({ text }) => text)).toEqual(["SELECT 'ü'"])
  })
})

describe('the grammar list', () => {
  test('knows every node and field of statements of all kinds', () => {
    for (const type of Object.values(grammar)) {
      for (const kind of Object.values(type ?? {}))
        if (typeof kind === 'string') expect(grammar[kind], kind).toBeDefined()
    }
  })

  test('does not know what it does not hold', () => {
    const [statement] = parseSync('SELECT a FROM b').stmts ?? []
    const node = statement?.stmt as never
    expect(inventory(node)).toMatchObject({ unknown: null })
    expect(inventory({ NewStmt: {} } as never).unknown).toBe('NewStmt')
    const odd = structuredClone(node) as { SelectStmt: Record<string, unknown> }
    odd.SelectStmt.newClause = []
    expect(inventory(odd as never).unknown).toBe('SelectStmt.newClause')
    expect(inventory({ SelectStmt: { constructor: {} } } as never).unknown).toBe('SelectStmt.constructor')
  })

  test('a parse failure does not quote the text', () => {
    expect(parse("ALTER ROLE x PASSWORD 'hunter2' 'y' hunter3")).toMatchObject({ reason: 'syntax error' })
  })
})
