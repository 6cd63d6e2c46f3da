import { afterEach, expect, test, vi } from 'vitest'
import { countRead } from '../../../proxy/wire/read-buffers.ts'

afterEach(() => vi.unstubAllGlobals())

const MEGABYTE = 1 << 20

test('young objects are collected after every two megabytes read, whatever the pieces were', () => {
  const gc = vi.fn()
  vi.stubGlobal('gc', gc)
  countRead(2 * MEGABYTE) // from wherever the count stood
  gc.mockClear()
  for (let piece = 0; piece < 64; piece++) countRead(64 * 1024)
  expect(gc.mock.calls).toEqual([[{ type: 'minor' }], [{ type: 'minor' }]])
})

test('where nobody may ask the collector, reading goes on', () => {
  vi.stubGlobal('gc', undefined)
  expect(() => countRead(64 * MEGABYTE)).not.toThrow()
})
