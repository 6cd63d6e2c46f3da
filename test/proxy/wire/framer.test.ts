import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Framer, REST } from '../../../proxy/wire/framer.ts'
import { limitsFor } from '../../../proxy/wire/message-types.ts'
import { encodeParse } from '../../../proxy/wire/messages/parse.ts'
import { encodeQuery } from '../../../proxy/wire/messages/query.ts'
import { StartupFramer } from '../../../proxy/wire/startup-framer.ts'

const BYTES_MAX = 100_000
const fromClient = (): Framer => new Framer(limitsFor('client', BYTES_MAX))
const fromServer = (): Framer => new Framer(limitsFor('server', BYTES_MAX))

const sync = Buffer.from([0x53, 0, 0, 0, 4])
const messages = [
  encodeQuery('select 1'),
  sync,
  encodeParse({ statement: 's', sql: 'select $1', parameterTypes: [23] }),
  encodeQuery('drop table t'),
]
const stream = Buffer.concat(messages)

function drain(framer: Framer): Buffer[] {
  const taken: Buffer[] = []
  while (framer.next()) taken.push(Buffer.from(framer.bytes))
  return taken
}

test('gives the same messages at every cut of the stream', () => {
  for (let cut = 0; cut <= stream.length; cut++) {
    const framer = fromClient()
    framer.push(stream.subarray(0, cut))
    const taken = drain(framer)
    framer.push(stream.subarray(cut))
    expect([...taken, ...drain(framer)], `cut at ${cut}`).toEqual(messages)
  }
})

test('gives the same messages however the stream is cut, and whenever it is read', () => {
  const body = fc.uint8Array({ maxLength: 300 }).map((bytes) => encodeQuery(Buffer.from(bytes).toString('latin1')))
  fc.assert(
    fc.property(fc.array(body, { maxLength: 20 }), fc.array(fc.tuple(fc.nat(400), fc.boolean())), (sent, cuts) => {
      const framer = fromClient()
      const taken: Buffer[] = []
      let left = Buffer.concat(sent)
      for (const [size, read] of cuts) {
        framer.push(left.subarray(0, size))
        left = left.subarray(size)
        if (read) taken.push(...drain(framer))
      }
      framer.push(left)
      taken.push(...drain(framer))
      expect(taken).toEqual(sent)
      expect(framer.waitingBytes).toBe(0)
    }),
  )
})

test('does not copy what arrived whole, and lets neighbours share a window', () => {
  const framer = fromClient()
  framer.push(stream)
  let end = 0
  for (const _ of messages) {
    expect(framer.next()).toBe(true)
    expect(framer.window).toBe(stream)
    expect(framer.start).toBe(end)
    end = framer.end
  }
})

test('a thousand messages in one segment are a thousand messages', () => {
  const framer = fromClient()
  framer.push(Buffer.concat(Array.from({ length: 1_000 }, () => sync)))
  expect(drain(framer)).toHaveLength(1_000)
})

const header = (type: string, length: number): Buffer => {
  const bytes = Buffer.alloc(5)
  bytes.write(type)
  bytes.writeUInt32BE(length, 1)
  return bytes
}

describe('what was pushed is let go', () => {
  test('at every cut of the stream: the messages are the same although it is written over', () => {
    for (let cut = 0; cut <= stream.length; cut++) {
      const framer = fromClient()
      const taken: Buffer[] = []
      for (const piece of [stream.subarray(0, cut), stream.subarray(cut)]) {
        const chunk = Buffer.from(piece)
        framer.push(chunk)
        taken.push(...drain(framer))
        expect(framer.letGo(), `cut at ${cut}`).toBe(true)
        chunk.fill(0xdd)
      }
      expect(taken, `cut at ${cut}`).toEqual(messages)
    }
  })

  test('only where nothing waits in it: not what is to be joined, nor a beginning that is long', () => {
    const framer = fromServer()
    const row = Buffer.alloc(40_000)
    row.write('D')
    row.writeInt32BE(row.length - 1, 1)
    framer.push(row.subarray(0, 30_000))
    expect([framer.next(), framer.letGo()]).toEqual([false, false])
    framer.push(row.subarray(30_000, 35_000))
    expect([framer.next(), framer.letGo()]).toEqual([false, false])
    framer.push(row.subarray(35_000))
    expect(drain(framer)).toEqual([row])
    expect(framer.letGo()).toBe(true)
  })

  test('of a message whose rest follows as it comes, nothing is kept', () => {
    const framer = fromServer()
    const row = Buffer.alloc(1_000, 'r')
    row.write('D')
    row.writeInt32BE(row.length - 1, 1)
    const received: Buffer[] = []
    for (const piece of [row.subarray(0, 100), row.subarray(100, 500), row.subarray(500)]) {
      const chunk = Buffer.from(piece)
      framer.push(chunk)
      received.push(...drain(framer))
      if (framer.begun !== REST) {
        framer.stream()
        received.push(Buffer.from(framer.bytes))
      }
      expect(framer.letGo()).toBe(true)
      chunk.fill(0xdd)
    }
    expect(Buffer.concat(received).equals(row)).toBe(true)
  })
})

describe('a declared length that cannot be is refused before anything is allocated', () => {
  const over = [0, 1, 3, BYTES_MAX + 1, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff]
  const small = [0, 3, 10_001, 0x7fff_ffff, 0xffff_ffff]
  const cases = [
    ...['Q', 'P', 'B', 'd', 'F'].flatMap((type) => over.map((length) => ({ type, length }))),
    ...['S', 'H', 'D', 'E', 'C', 'X', 'c', 'f'].flatMap((type) => small.map((length) => ({ type, length }))),
    { type: 'p', length: 65_536 },
  ]
  test.each(cases)('$type $length', ({ type, length }) => {
    const framer = fromClient()
    framer.push(header(type, length))
    expect(() => framer.next()).toThrow(expect.objectContaining({ code: 'length_out_of_range', sqlstate: '08P01' }))
  })
})

test.each(['\0', 'A', 'R', 'Z', 'z', '\xff'])('an unknown type is refused: %j', (type) => {
  const framer = fromClient()
  framer.push(Buffer.from(`${type}\0\0\0\x04`, 'latin1'))
  expect(() => framer.next()).toThrow(expect.objectContaining({ code: 'type_unknown' }))
})

describe('a message of megabytes, which is joined while it arrives', () => {
  const MEGABYTE = 1024 * 1024
  const large = Buffer.alloc(3 * MEGABYTE)
  for (let at = 0; at < large.length; at += 4) large.writeUInt32LE(at, at)
  const row = Buffer.concat([header('D', 4 + large.length), large])
  const arriving = (): Framer => new Framer(limitsFor('server', 8 * MEGABYTE))
  const ready = Buffer.concat([header('Z', 5), Buffer.from('I')])

  test('is the same however it is cut, and what is behind it is kept', () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 700_000 }), { minLength: 5, maxLength: 40 })
    fc.assert(
      fc.property(sizes, (cuts) => {
        const framer = arriving()
        const taken: Buffer[] = []
        let left = Buffer.concat([ready, row, ready, row, ready])
        for (const size of cuts) {
          framer.push(left.subarray(0, size))
          left = left.subarray(size)
          taken.push(...drain(framer))
        }
        framer.push(left)
        taken.push(...drain(framer))
        expect(taken.map((each) => each.equals(row) || each.equals(ready))).toEqual(Array(5).fill(true))
        expect(framer.waitingBytes).toBe(0)
      }),
      { numRuns: 30 },
    )
  })

  test('can still be taken as it is', () => {
    const framer = arriving()
    const out: Buffer[] = []
    for (const part of [row.subarray(0, 2 * MEGABYTE), row.subarray(2 * MEGABYTE, -5)]) {
      framer.push(part)
      expect(framer.next()).toBe(false)
    }
    framer.stream()
    do out.push(Buffer.from(framer.bytes))
    while (framer.next())
    framer.push(Buffer.concat([row.subarray(-5), ready]))
    while (framer.next()) out.push(Buffer.from(framer.bytes))
    expect(Buffer.concat(out).equals(Buffer.concat([row, ready]))).toBe(true)
  })

  test('takes no memory by what it says of its length', () => {
    const framer = arriving()
    framer.push(row.subarray(0, 1_000))
    const { arrayBuffers } = process.memoryUsage()
    expect(framer.next()).toBe(false)
    expect(process.memoryUsage().arrayBuffers - arrayBuffers).toBeLessThan(MEGABYTE)
  })
})

describe('a message of which only the beginning is here', () => {
  const row = Buffer.concat([header('D', 4 + 50_000), Buffer.alloc(50_000, 7)])

  test('can be taken as far as it is, and goes on as it comes', () => {
    const framer = fromServer()
    const out: Buffer[] = []
    framer.push(Buffer.concat([header('Z', 5), Buffer.from('I'), row.subarray(0, 1_000)]))
    expect(drain(framer)).toHaveLength(1)
    expect(framer.begun).toBe('D'.charCodeAt(0))
    framer.stream()
    out.push(Buffer.from(framer.bytes))
    expect(framer.atBoundary).toBe(false)
    framer.push(row.subarray(1_000, 30_000))
    framer.push(Buffer.concat([row.subarray(30_000), sync]))
    const types: number[] = []
    while (framer.next()) {
      types.push(framer.type)
      if (framer.type === REST) out.push(Buffer.from(framer.bytes))
    }
    expect(Buffer.concat(out)).toEqual(row)
    expect(types).toEqual([REST, REST, 'S'.charCodeAt(0)])
    expect(framer.atBoundary).toBe(true)
  })

  test('is not joined when it is larger than may be', () => {
    const framer = fromServer()
    framer.push(header('D', BYTES_MAX + 100))
    expect(framer.next()).toBe(false)
    framer.push(Buffer.alloc(BYTES_MAX + 100))
    expect(() => framer.next()).toThrow(expect.objectContaining({ code: 'length_out_of_range' }))
  })
})

describe('startup packets', () => {
  test.each([0, 4, 7, 10_005, 0x8000_0000, 0xffff_ffff])('a length of %d is refused', (length) => {
    const framer = new StartupFramer()
    const packet = Buffer.alloc(4)
    packet.writeUInt32BE(length)
    framer.push(packet)
    expect(() => framer.next()).toThrow(expect.objectContaining({ code: 'length_out_of_range' }))
  })

  test('are whole at every cut, and what is behind them is kept', () => {
    const packet = Buffer.from('\0\0\0\x08\x04\xd2\x16\x2frest', 'latin1')
    for (let cut = 0; cut <= packet.length; cut++) {
      const framer = new StartupFramer()
      framer.push(packet.subarray(0, cut))
      const early = framer.next()
      framer.push(packet.subarray(cut))
      expect((early ?? framer.next())?.readUInt32BE(), `cut at ${cut}`).toBe(80_877_103)
      expect(framer.rest.toString()).toBe('rest')
    }
  })
})
