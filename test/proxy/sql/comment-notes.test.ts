import { beforeAll, expect, test } from 'vitest'
import { loadParser } from '../../../proxy/sql/analyse.ts'
import { asksApproval, commentNotes } from '../../../proxy/sql/comment-notes.ts'

beforeAll(() => loadParser())

test.each([
  ['/* holdpoint: reason=the import left doubles */ DELETE FROM t', 'the import left doubles'],
  ['DELETE FROM t -- holdpoint: reason = ticket 42\n WHERE id = 1', 'ticket 42'],
  ['/*holdpoint:reason=über, ganz kurz*/SELECT 1', 'über, ganz kurz'],
  ['SELECT 1 /* holdpoint: reason=a /* nested */ b */', 'a /* nested */ b'],
  ['/* holdpoint: reason=first */ SELECT 1 /* holdpoint: reason=second */', 'first'],
  ['/* holdpoint: reason=two\n lines */ SELECT 1', 'two\n lines'],
  ["SELECT '/* ' /* holdpoint: reason=behind a string */", 'behind a string'],
])('%s says why', (text, reason) => {
  expect(commentNotes(text)).toEqual({ reason, breakGlass: null })
})

test.each([
  ['a string that looks like it', "SELECT '/* holdpoint: reason=x */'"],
  ['a quoted name', 'SELECT 1 AS "/* holdpoint: reason=x */"'],
  ['a dollar quote', 'SELECT $$ -- holdpoint: reason=x \n $$'],
  ['an escape string', "SELECT E'\\'/* holdpoint: reason=x */'"],
  ['another comment around it', '/* see /* holdpoint: reason=x */ */ SELECT 1'],
  ['another key', '/* holdpoint: approve=yes */ SELECT 1'],
  ['no reason at all', '/* holdpoint: reason= */ SELECT 1'],
  ['something in front', '/* please holdpoint: reason=x */ SELECT 1'],
  ['text that cannot be read', "/* holdpoint: reason=x */ SELECT 'open"],
])('%s says nothing', (_what, text) => {
  expect(commentNotes(text)).toEqual({ reason: null, breakGlass: null })
})

test('to be approved is asked for in the same form, and by nothing else', () => {
  expect(asksApproval('/* holdpoint: ask=approval */ DELETE FROM t')).toBe(true)
  expect(asksApproval('DELETE FROM t -- holdpoint: ask = approval')).toBe(true)
  for (const text of ["SELECT '/* holdpoint: ask=approval */'", '/* holdpoint: ask=nothing */ SELECT 1', 'SELECT 1'])
    expect(asksApproval(text)).toBe(false)
})

test('breaking the glass is said in the same form, and beside a reason', () => {
  expect(commentNotes('/* holdpoint: break_glass=shop is down */ /* holdpoint: reason=y */ SELECT 1')).toEqual({
    breakGlass: 'shop is down',
    reason: 'y',
  })
})

test('a reason is cut at a length that people read', () => {
  expect(commentNotes(`/* holdpoint: reason=${'x'.repeat(5_000)} */`).reason).toHaveLength(1_000)
})

test('of a text of megabytes only what stands before its first word is read', () => {
  const long = `SELECT '${'x'.repeat(100_000)}'`
  expect(commentNotes(`\n-- first\n/* holdpoint: reason=why */ ${long}`).reason).toBe('why')
  expect(commentNotes(`${long} /* holdpoint: reason=why */`).reason).toBeNull()
  expect(commentNotes(`/* ${'x'.repeat(100_000)} */ -- holdpoint: reason=why\n SELECT 1`).reason).toBeNull()
})
