import { expect, test } from 'vitest'
import { SecondSight } from '../../proxy/second-sight.ts'

test('a text is seen for the second time when it was seen before, whatever came in between', () => {
  const seen = new SecondSight()
  const texts = ['', 'SELECT 1', 'SELECT 2', `SELECT '${'x'.repeat(1 << 20)}'`]
  expect(texts.map((text) => seen.isSecond(text))).toEqual(texts.map(() => false))
  expect(texts.map((text) => seen.isSecond(text))).toEqual(texts.map(() => true))
})

test('texts that differ in one letter, or in their length only, are two', () => {
  const seen = new SecondSight()
  seen.isSecond('SELECT a FROM t')
  expect(seen.isSecond('SELECT b FROM t')).toBe(false)
  seen.isSecond('x'.repeat(1 << 20))
  expect(seen.isSecond('x'.repeat((1 << 20) + 1))).toBe(false)
})

test('of 32 MB so little is looked at that nobody waits for it', () => {
  let asked = 0
  const charCodeAt = (): number => {
    asked++
    return 120
  }
  new SecondSight().isSecond({ length: 32 << 20, charCodeAt } as unknown as string)
  expect(asked).toBeGreaterThan(1_000)
  expect(asked).toBeLessThan(20_000)
})
