import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'

/** The page that says what is proved where stays true. */
const page = readFileSync(join(import.meta.dirname, 'README.md'), 'utf8')
const rows = [...page.matchAll(/^\| ([A-F][^|]*?) \| ([^|]*?) ?\| `([^`]+)` (.+?) \|$/gm)].map(
  ([, id = '', what = '', file = '', words = '']) => ({ id, what, file, words }),
)

const numbered = (letter: string, last: number, missing: readonly number[] = []): string[] =>
  Array.from({ length: last }, (_, index) => index + 1)
    .filter((number) => !missing.includes(number))
    .map((number) => letter + number)

/** Each example of the list's row E is one of its own. */
const examples = `data-modifying CTEs, EXPLAIN ANALYZE, DO, CALL, CREATE FUNCTION, rules, triggers, policies, event triggers,
  defaults, generated columns, ALTER TABLE USING, expression indexes, COPY FROM PROGRAM, CREATE SUBSCRIPTION,
  CREATE SERVER, USER MAPPING, IMPORT FOREIGN SCHEMA, CREATE EXTENSION, ALTER SYSTEM, LOAD, SECURITY LABEL,
  REASSIGN OWNED, ALTER DEFAULT PRIVILEGES, PREPARE TRANSACTION, LOCK, REFRESH, pg_terminate_backend, pg_sleep,
  advisory locks, nextval, replication commands, functions in FROM, in a DEFAULT, in a CHECK, behind an operator,
  behind a cast, unknown node`

const ids = [
  ...[...numbered('A', 18), 'A13b'],
  ...numbered('B', 12, [4, 10]),
  ...numbered('C', 10),
  ...numbered('D', 11),
  ...numbered('F', 9),
  ...examples.split(/,\s+/).map((example) => `E ${example}`),
]

test('every row of the list of attacks is on the page', () => {
  const named = new Set(rows.map(({ id }) => id))
  expect(ids.filter((id) => !named.has(id))).toEqual([])
  expect(page.split('\n').filter((line) => /^\| [A-F]/.test(line))).toHaveLength(rows.length)
})

/** What the list says of F6 and F7, one by one. */
const clauses = {
  F6: `pushed directly, self-approved, approved before the last push, approved by a bot, merged by an administrator’s
    bypass, force-pushed away, not the reviewed tree, the last good release stays, people are told`,
  F7: 'forged, replayed, a hint at most, the API is asked',
}

test.each(Object.entries(clauses))('every clause of %s has a row', (id, list) => {
  const whats = rows.filter((row) => row.id === id).map(({ what }) => what)
  const missing = list
    .split(/,\s+/)
    .filter((clause) => !whats.some((what) => what.includes(clause.replace(/\s+/g, ' '))))
  expect(missing).toEqual([])
})

test.each(rows)('$id is proved by $file: $words', ({ file, words }) => {
  expect(readFileSync(join(import.meta.dirname, '..', file), 'utf8')).toContain(words.replaceAll('\\|', '|'))
})

test('every list of attacks that is named is gone through by a test', () => {
  for (const [list, by] of [
    ['queriesOverLabels', 'leaks'],
    ['statementsOverLabels', 'other-leaks'],
    ['dangers', 'dangers'],
    ['oracles', 'oracles'],
  ])
    expect(readFileSync(join(import.meta.dirname, `${by}.test.ts`), 'utf8')).toContain(`Object.entries(${list})`)
})
