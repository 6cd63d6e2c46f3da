import { expect, test } from 'vitest'
import { Outbox } from '../../../proxy/session/outbox.ts'
import { Framer } from '../../../proxy/wire/framer.ts'
import { framerLimits } from '../../../proxy/wire/framer-limits.ts'

const message = (type: string): Buffer => Buffer.from(`${type}\0\0\0\x05x`, 'latin1')

function framerOf(types: string): { readonly framer: Framer; readonly window: Buffer } {
  const framer = new Framer(framerLimits(100, () => 100))
  const window = Buffer.concat([...types].map(message))
  framer.push(window)
  return { framer, window }
}

test('neighbours go out as one slice, as they came', () => {
  const { framer, window } = framerOf('ABC')
  const outbox = new Outbox()
  while (framer.next()) outbox.keep(framer)
  const [only, ...others] = outbox.take()
  expect(others).toEqual([])
  expect(only?.buffer).toBe(window.buffer)
  expect(only).toEqual(window)
})

test('what is left out between two is not sent with them', () => {
  const { framer } = framerOf('ABC')
  const outbox = new Outbox()
  while (framer.next()) if (framer.type !== 0x42) outbox.keep(framer)
  expect(Buffer.concat(outbox.take())).toEqual(Buffer.concat([message('A'), message('C')]))
})

test('what is added stands where it was added', () => {
  const { framer } = framerOf('AB')
  const outbox = new Outbox()
  framer.next()
  outbox.keep(framer)
  outbox.add(message('X'))
  framer.next()
  outbox.keep(framer)
  expect(Buffer.concat(outbox.take())).toEqual(Buffer.concat([message('A'), message('X'), message('B')]))
  expect(outbox.take()).toEqual([])
})
