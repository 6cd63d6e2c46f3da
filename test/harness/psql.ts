import { type ChildProcessWithoutNullStreams, spawn, spawnSync } from 'node:child_process'

/** The real psql, as people use it. */
export interface Ran {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

export const hasProgram = (name: string): boolean => spawnSync('which', [name]).status === 0

/** Runs a program to its end; its own settings files stay out of it. */
export function run(
  program: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const child = start(program, args, env)
    let stdout = ''
    let stderr = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text
    })
    child.once('error', reject)
    child.once('close', (status) => resolve({ status, stdout, stderr }))
    child.stdin.end()
  })
}

export function start(
  program: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): ChildProcessWithoutNullStreams {
  return spawn(program, [...args], { env: { ...process.env, PSQLRC: '/dev/null', PGCONNECT_TIMEOUT: '10', ...env } })
}

/** `psql URL -c …` for each command, unaligned and without a header so that output is easy to compare. */
export function psql(url: string, ...commands: readonly string[]): Promise<Ran> {
  return run('psql', ['-X', '-At', url, ...commands.flatMap((command) => ['-c', command])])
}
