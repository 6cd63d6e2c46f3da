import { beforeEach, expect, test } from 'vitest'
import { Looks } from '../../../proxy/catalog/looks.ts'

let now: number
let looked: number
let takesMs: number
let open: (() => void) | null
let waits: number[]
let looks: Looks

beforeEach(() => {
  now = 10_000
  looked = 0
  takesMs = 2
  open = null
  waits = []
  looks = new Looks({
    look: async () => {
      looked++
      if (open !== null) await new Promise<void>((resolve) => (open = resolve))
      now += takesMs
    },
    now: () => now,
    wait: async (ms) => {
      waits.push(ms)
      now += ms
    },
  })
})

test('who asks at the same time shares one look', async () => {
  await Promise.all([looks.ask(), looks.ask(), looks.ask()])
  expect(looked).toBe(1)
})

test('who asks while one runs gets the next, which all others share', async () => {
  open = () => undefined
  const first = looks.ask()
  await Promise.resolve()
  await Promise.resolve()
  expect(looked).toBe(1)
  const later = [looks.ask(), looks.ask()]
  const end = open
  open = null
  end()
  await Promise.all([first, ...later])
  expect(looked).toBe(2)
})

test('looks keep apart, further where they take longer', async () => {
  await looks.ask()
  await looks.ask()
  expect(waits).toEqual([10])
  takesMs = 30
  await looks.ask()
  await looks.ask()
  expect(waits).toEqual([10, 10, 150])
})

test('nobody waits for one that is far off', async () => {
  takesMs = 1_500
  await looks.ask()
  expect(looks.ask()).toBeNull()
  now += 7_500
  await looks.ask()
  expect(looked).toBe(2)
})

test('an approval does not wait for its turn, and takes along who waits for theirs', async () => {
  const never = new Looks({
    look: async () => void looked++,
    now: () => now,
    wait: () => new Promise(() => undefined),
  })
  await never.ask()
  await never.ask('at once')
  expect(looked).toBe(2)
  const waiting = never.ask()
  await never.ask('at once')
  await waiting
  expect(looked).toBe(3)
})

test('one that is asked for at once is never too far off', async () => {
  takesMs = 1_500
  await looks.ask()
  await looks.ask('at once')
  expect(looked).toBe(2)
  expect(looks.ask()).toBeNull()
})

test('one that fails is told to who asked, and does not end the others', async () => {
  const failing = new Looks({
    look: () => (looked++ === 0 ? Promise.reject(new Error('gone')) : Promise.resolve()),
    now: () => now,
    wait: async () => undefined,
  })
  await expect(failing.ask()).rejects.toThrow('gone')
  await expect(failing.ask()).resolves.toBeUndefined()
})
