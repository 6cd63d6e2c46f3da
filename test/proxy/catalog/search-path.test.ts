import { expect, test } from 'vitest'
import { fold, identifier, parseSearchPath } from '../../../proxy/catalog/search-path.ts'

test.for([
  ['', []],
  ['"$user", public', ['$user', 'public']],
  ['a,b , c', ['a', 'b', 'c']],
  ['MiXed, "MiXed"', ['mixed', 'MiXed']],
  ['"a ""quoted"" name"', ['a "quoted" name']],
  ['""', ['']],
  ['"a, b"', ['a, b']],
  ['ÄÖ', ['ÄÖ']],
] as const)('%j is %j', ([setting, names]) => {
  expect(parseSearchPath(setting)).toEqual(names)
})

test.for(['a b', 'a,', ',a', '"a', 'a"b"', 'a,,b'])('%j is no list of names', (setting) => {
  expect(parseSearchPath(setting)).toBeNull()
})

test('a name is folded in ASCII only, and cut at 63 bytes between characters', () => {
  expect(fold('ÄbC')).toBe('Äbc')
  expect(identifier('x'.repeat(64))).toBe('x'.repeat(63))
  expect(identifier('ü'.repeat(32))).toBe('ü'.repeat(31))
})
