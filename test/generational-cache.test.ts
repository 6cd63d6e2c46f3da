import { expect, test } from 'vitest'
import { GenerationalCache } from '../generational-cache.ts'

test('keeps what is used and drops what is not, within its bound', () => {
  const cache = new GenerationalCache<string, number>(100)
  cache.set('used', 0, 5)
  for (let index = 1; index < 1_000; index++) {
    cache.set(`k${index}`, index, 5)
    expect(cache.get('used')).toBe(0)
    expect(cache.size).toBeLessThanOrEqual(22)
  }
  expect(cache.get('k1')).toBeUndefined()
  expect(cache.get('k999')).toBe(999)
})

test('keeps nothing that would push out too much else', () => {
  const cache = new GenerationalCache<string, number>(100)
  cache.set('large', 1, 50)
  expect(cache.get('large')).toBeUndefined()
})

test('replaces a value without counting it twice', () => {
  const cache = new GenerationalCache<string, number>(100)
  cache.set('other', 1, 5)
  for (let index = 0; index < 100; index++) cache.set('same', index, 5)
  expect(cache.get('same')).toBe(99)
  expect(cache.get('other')).toBe(1)
})
