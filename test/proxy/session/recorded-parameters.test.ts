import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { recordedParameters } from '../../../proxy/session/recorded-parameters.ts'

const [TEXT, BYTEA, JSONB] = [25, 17, 3802]

const shortened = (text: string): string => {
  const sha256 = createHash('sha256').update(text).digest('hex')
  return `${text.slice(0, 1_000)}… (${text.length} characters, sha256 ${sha256})`
}

const recorded = (value: Buffer, format: number, type: number) =>
  recordedParameters({ types: [type], formats: [format], values: [value] })

const euros = Buffer.from(`x${'€'.repeat(300_000)}`)
const smileys = Buffer.from(`xyz${'😀'.repeat(200_000)}`)
const bytes = Buffer.alloc(900_001, '\u00ff\u0000', 'latin1')

test.for<[string, Buffer, number, number, string]>([
  ['letters of three bytes', euros, 0, TEXT, euros.toString()],
  ['letters of four bytes', smileys, 0, 0, smileys.toString()],
  ['text in binary form', smileys, 1, TEXT, smileys.toString()],
  ['a text that is none, as it is read', bytes, 0, TEXT, bytes.toString()],
  ['a text that ends within a letter', euros.subarray(0, -1), 0, TEXT, euros.subarray(0, -1).toString()],
  ['a text that is none in binary form', bytes, 1, TEXT, `\\x${bytes.toString('hex')}`],
  ['bytes', bytes, 1, BYTEA, `\\x${bytes.toString('hex')}`],
  ['bytes of a type that is not known', bytes, 1, 0, `\\x${bytes.toString('hex')}`],
  ['jsonb, which is read as its bytes when it is so large', euros, 1, JSONB, `\\x${euros.toString('hex')}`],
])('of %s, the trail keeps the same in slices as at once', async ([_, value, format, type, text]) => {
  expect(await recorded(value, format, type)).toEqual([shortened(text)])
})

test('each of several parameters is read by its own form and type', async () => {
  const small = Buffer.from('00000007', 'hex')
  const bound = { types: [23, BYTEA, TEXT, 23], formats: [1, 1, 0, 1], values: [small, bytes, Buffer.from('a'), null] }
  expect(await recordedParameters(bound)).toEqual(['7', shortened(`\\x${bytes.toString('hex')}`), 'a', null])
  const alike = { types: [BYTEA, BYTEA], formats: [1], values: [small, bytes] }
  expect(await recordedParameters(alike)).toEqual(['\\x00000007', shortened(`\\x${bytes.toString('hex')}`)])
})

test('what is small is there at once, and shortened where it is long', () => {
  expect(recorded(Buffer.from('short'), 0, TEXT)).toEqual(['short'])
  expect(recorded(Buffer.alloc(20_000, 'x'), 0, TEXT)).toEqual([shortened('x'.repeat(20_000))])
})

test('B12 while a parameter of megabytes is read, others have their turns', async () => {
  let done = false
  const reading = Promise.resolve(recorded(Buffer.alloc(4 << 20, 7), 1, BYTEA)).finally(() => {
    done = true
  })
  let turns = 0
  for (; !done; turns++) await new Promise((resolve) => setImmediate(resolve))
  expect(turns).toBeGreaterThanOrEqual((4 << 20) / (256 << 10))
  await reading
})
