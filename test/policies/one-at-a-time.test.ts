import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { oneAtATime } from '../../policies/one-at-a-time.ts'

let root: string
let said: string[]
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'holdpoint-lock-'))
  said = []
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

const making = (file = join(root, 'cache/x'), waitMsMax = 60_000) => ({
  file,
  waitMsMax,
  what: 'the thing',
  progress: (line: string) => void said.push(line),
})

test('one works, the other says that it waits, and has its turn', async () => {
  const order: string[] = []
  const { promise: begun, resolve: begin } = Promise.withResolvers<void>()
  const { promise: waited, resolve: wait } = Promise.withResolvers<void>()
  const first = oneAtATime(making(), async () => {
    begin()
    await waited
    order.push('first')
  })
  await begun
  const second = oneAtATime(making(), async () => void order.push('second'))
  await expect.poll(() => said).toEqual(['waiting for another process, which makes the thing'])
  wait()
  await Promise.all([first, second])
  expect(order).toEqual(['first', 'second'])
})

test('a folder that is removed while somebody waits is made again, and nobody waits longer', async () => {
  const { promise: never, resolve: end } = Promise.withResolvers<void>()
  const first = oneAtATime(making(), () => never)
  await expect.poll(() => oneAtATime(making(undefined, 0), async () => 1).catch(() => 'taken')).toBe('taken')
  const second = oneAtATime(making(), async () => 'done')
  await expect.poll(() => said.length).toBeGreaterThan(0)
  rmSync(dirname(making().file), { recursive: true })
  expect(await second).toBe('done')
  end()
  await first
})

test('a folder that cannot be made is said at once', async () => {
  writeFileSync(join(root, 'file'), '')
  const failing = oneAtATime(making(join(root, 'file/cache/x')), async () => 1)
  await expect(failing).rejects.toMatchObject({ code: 'opa_unavailable', hint: expect.stringContaining('written to') })
  expect(said).toEqual([])
})

test('a lock that is never given up ends the wait, and says which file it is', async () => {
  const { file } = making()
  mkdirSync(`${file}.lock`, { recursive: true })
  const failing = oneAtATime(making(file, 0), async () => 1)
  await expect(failing).rejects.toMatchObject({
    code: 'opa_unavailable',
    hint: expect.stringContaining(`${file}.lock`),
  })
})
