import { connect, createServer, type Socket } from 'node:net'
import { expect, test } from 'vitest'
import { OwnReads } from '../../../proxy/wire/own-reads.ts'

const KB = 1024

/** What the kernel does: fills the buffer it was lent, says so, and asks for the next. */
function arrives(reads: OwnReads, bytes: Buffer): Buffer {
  const { buffer, callback } = reads.onread
  const lent = buffer()
  bytes.copy(lent)
  callback(bytes.length, lent)
  return lent
}

const small = (text: string): Buffer => Buffer.from(text)
const full = (letter: string): Buffer => Buffer.alloc(8 * KB, letter)
const ready = Buffer.from('5a0000000549', 'hex')

test('what is free is lent again, and what was in it is gone', () => {
  const received: Buffer[] = []
  const reads = new OwnReads((chunk) => received.push(chunk) > 0)
  const first = arrives(reads, small('a secret'))
  expect(reads.onread.buffer()).toBe(first)
  expect(first.subarray(0, 8).equals(Buffer.alloc(8, 0xdd))).toBe(true)
  expect(received[0]?.equals(Buffer.alloc(8, 0xdd))).toBe(true)
})

test.each([
  ['small', small('kept')],
  ['large', full('k')],
])('what is not free is never lent again: %s', (_, bytes) => {
  const reads = new OwnReads(() => false)
  const lent = new Set<Buffer>()
  for (let read = 0; read < 5; read++) {
    const before = reads.onread.buffer()
    expect(lent.has(before)).toBe(false)
    lent.add(before)
    arrives(reads, bytes)
    expect(before.subarray(0, bytes.length).equals(bytes)).toBe(true)
  }
})

test('what is lent while a fault goes on its way is not lent again', () => {
  const reads = new OwnReads(() => {
    throw new Error('a fault')
  })
  const lent = reads.onread.buffer()
  expect(() => arrives(reads, small('kept'))).toThrow('a fault')
  expect(reads.onread.buffer()).not.toBe(lent)
})

test('a result that goes on is read in large pieces, and behind its end in small ones again', () => {
  const reads = new OwnReads(() => true)
  const sizes = [
    full('r'),
    full('r'),
    Buffer.alloc(64 * KB, 'r'),
    Buffer.concat([full('r'), ready]),
    small('next'),
  ].map((bytes) => arrives(reads, bytes).length / KB)
  expect(sizes).toEqual([8, 64, 64, 64, 8])
})

test('two connections never share a buffer', () => {
  const [one, other] = [new OwnReads(() => true), new OwnReads(() => true)]
  const lentBy = (reads: OwnReads): Set<Buffer> =>
    new Set([full('r'), full('r'), small('s'), full('r')].map((bytes) => arrives(reads, bytes)))
  expect(lentBy(one).isDisjointFrom(lentBy(other))).toBe(true)
})

test('a real connection is read in the order in which it was written, whatever is free', async () => {
  const sent = Buffer.from(Array.from({ length: 3_000_000 }, (_, at) => (at * 7 + (at >> 8)) & 0xff))
  let peer: Socket | null = null
  await using server = createServer((socket) => {
    peer = socket
    socket.end(sent)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  const received: Buffer[] = []
  let reads = 0
  const own = new OwnReads((chunk) => {
    const isFree = reads++ % 3 > 0
    received.push(isFree ? Buffer.from(chunk) : chunk)
    return isFree
  })
  const socket = connect({ port, host: '127.0.0.1', onread: own.onread })
  await new Promise<void>((resolve) => socket.resume().once('close', () => resolve()))
  expect(peer).not.toBeNull()
  expect(Buffer.concat(received).equals(sent)).toBe(true)
})
