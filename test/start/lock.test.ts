import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { lockDataFolder } from '../../workflows/development/lock.ts'

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'holdpoint-lock-'))
  onTestFinished(() => rmSync(path, { recursive: true, force: true }))
  return path
}

/** Another process that takes the lock and keeps it. */
async function holder(path: string) {
  const code = `import { lockDataFolder } from ${JSON.stringify(join(process.cwd(), 'workflows/development/lock.ts'))}
    lockDataFolder(${JSON.stringify(path)}); console.log('locked'); setInterval(() => undefined, 1000)`
  const child = spawn(process.execPath, ['--input-type=module-typescript', '-e', code], {
    stdio: ['ignore', 'pipe', 2],
  })
  await new Promise((resolve) => child.stdout?.once('data', resolve))
  return child
}

test('one at a time, and it says which process has it', async () => {
  const path = folder()
  const child = await holder(path)
  onTestFinished(() => void child.kill('SIGKILL'))
  expect(() => lockDataFolder(path)).toThrow(`(process ${child.pid})`)
})

test('a process that was killed has nothing locked', async () => {
  const path = folder()
  const child = await holder(path)
  const gone = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGKILL')
  await gone
  const lock = lockDataFolder(path)
  lock.release()
  lockDataFolder(path).release()
})
