import { type ChildProcess, spawn } from 'node:child_process'
import { rmSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { afterAll, expect, test, vi } from 'vitest'
import { type ReadyLine, temporaryFolder } from '../harness/holdpoint.ts'
import { stillRunning, treeOf } from '../harness/processes.ts'

/** `npm start` as it is typed, with npm between the terminal and the tree; one after the other on the same data. */
const data = temporaryFolder()
afterAll(() => rmSync(data, { recursive: true, force: true }))

async function npmStart(): Promise<{ readonly npm: ChildProcess; readonly ready: ReadyLine }> {
  const npm = spawn('npm', ['start', '--', '--json', '--data', data, '--port', '0'], {
    detached: true, // a process group of its own, as in a terminal
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  for await (const line of createInterface({ input: npm.stdout as NodeJS.ReadableStream }))
    if (line.startsWith('{')) return { npm, ready: JSON.parse(line) as ReadyLine }
  throw new Error('npm start ended before it was ready')
}

test.each([
  ['Ctrl-C in its terminal', (npm: number) => process.kill(-npm, 'SIGINT')],
  ['SIGINT to npm alone', (npm: number) => process.kill(npm, 'SIGINT')],
  ['SIGTERM to npm alone', (npm: number) => process.kill(npm, 'SIGTERM')],
  ['kill -9 of npm', (npm: number) => process.kill(npm, 'SIGKILL')],
])(
  '%s leaves nothing running, and nothing that keeps the next start from working',
  async (_name, end) => {
    const { npm, ready } = await npmStart()
    const tree = treeOf(npm.pid as number)
    expect(tree.map(({ pid }) => pid)).toContain(ready.pid)
    end(npm.pid as number)
    await vi.waitFor(() => expect(stillRunning(tree)).toEqual([]), { timeout: 20_000, interval: 50 })
  },
  120_000,
)
