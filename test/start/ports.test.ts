import { createServer } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { choosePorts } from '../../workflows/development/ports.ts'

async function takenPort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  return (server.address() as { port: number }).port
}

test('--port 0 alone frees all of them, and no two are the same', async () => {
  const ports = await choosePorts({ wanted: { proxy: 0 }, before: {} })
  expect(new Set(Object.values(ports)).size).toBe(5)
})

test('a port that was given is kept, also beside free ones', async () => {
  const free = await choosePorts({ wanted: { proxy: 0 }, before: {} })
  const ports = await choosePorts({ wanted: { proxy: 0, console: free.console }, before: {} })
  expect(ports.console).toBe(free.console)
})

test('any free one is the last one again, unless somebody has it now', async () => {
  const before = await choosePorts({ wanted: { proxy: 0 }, before: {} })
  expect(await choosePorts({ wanted: { proxy: 0 }, before })).toEqual(before)
  const taken = await takenPort()
  const after = await choosePorts({ wanted: { proxy: 0 }, before: { ...before, idp: taken } })
  expect(after.idp).not.toBe(taken)
})

test('a taken port is refused with its flag and, where the system tells, who has it', async () => {
  const taken = await takenPort()
  await expect(choosePorts({ wanted: { proxy: 0, idp: taken }, before: {} })).rejects.toMatchObject({
    code: 'port_taken',
    message: expect.stringMatching(new RegExp(`^Port ${taken} \\(--idp-port\\) is taken`)),
  })
})
