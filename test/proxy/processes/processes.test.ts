import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import { openLog } from '../../../log.ts'
import { type Proxies, startProxies } from '../../../proxy/processes.ts'

function notebook(): { readonly file: string; lines(): readonly string[] } {
  const folder = mkdtempSync(join(tmpdir(), 'holdpoint-processes-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const file = join(folder, 'notes')
  return { file, lines: () => readFileSync(file, 'utf8').trim().split('\n') }
}

async function proxies(mode: string, notes: string, count = 2): Promise<Proxies> {
  const started = await startProxies({
    entry: join(import.meta.dirname, 'fake-proxy.ts'),
    arguments: [mode, notes],
    env: process.env,
    count,
    log: openLog({ level: 'silent', process: 'test' }),
    drainMs: 300,
  })
  onTestFinished(() => started.close())
  return started
}

const alive = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

test('one that crashes is started again, the others are left alone', async () => {
  const notes = notebook()
  const running = await proxies('good', notes.file)
  const [first, second] = running.pids
  process.kill(first as number, 'SIGKILL')
  await vi.waitFor(() => expect(notes.lines().filter((line) => line.includes('ready'))).toHaveLength(3), 10_000)
  expect(running.pids).toContain(second)
  expect(running.pids).not.toContain(first)
})

test('a cancel request that is none of one’s own is told to the others, and only to them', async () => {
  const notes = notebook()
  const running = await proxies('good', notes.file, 3)
  process.kill(running.pids[0] as number, 'SIGUSR2')
  await vi.waitFor(() => expect(notes.lines().filter((line) => line.includes('cancel:c0ffee'))).toHaveLength(2), 10_000)
  expect(notes.lines().some((line) => line.startsWith('1 cancel'))).toBe(false)
  // So is that definitions were changed through it.
  await vi.waitFor(
    () => expect(notes.lines().filter((line) => line.includes('definitions:prod/shop'))).toHaveLength(2),
    10_000,
  )
  expect(notes.lines().some((line) => line.startsWith('1 definitions'))).toBe(false)
})

test('each is asked to stop, and one that does not listen is ended', async () => {
  const notes = notebook()
  const running = await proxies('deaf', notes.file)
  const { pids } = running
  await running.close()
  expect(notes.lines().filter((line) => line.includes('stop'))).toHaveLength(2)
  expect(pids.filter(alive)).toEqual([])
})

test('one that cannot start makes the start fail, with its reason and nothing left over', async () => {
  const notes = notebook()
  await expect(proxies('failing', notes.file)).rejects.toMatchObject({
    code: 'start_failed',
    message: 'There is no database to protect.',
    hint: 'Name one',
  })
})

test('none outlives the process that keeps them, however it dies', async () => {
  const notes = notebook()
  const child = spawn(process.execPath, [join(import.meta.dirname, 'supervisor.ts'), notes.file], {
    stdio: ['ignore', 'pipe', 2],
  })
  await new Promise((resolve) => child.stdout?.once('data', resolve))
  child.kill('SIGKILL')
  await vi.waitFor(() => expect(notes.lines().filter((line) => line.includes('orphaned'))).toHaveLength(2), 10_000)
  const pids = notes.lines().map((line) => Number(line.split(' ').at(-1)))
  await vi.waitFor(() => expect(pids.filter(alive)).toEqual([]), 10_000)
})
