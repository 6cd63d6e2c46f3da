import { execFile } from 'node:child_process'

export interface RunResult {
  readonly stdout: string
  readonly stderr: string
}

/** A program ended with another status than 0; both outputs are kept for those who can make a sentence of them. */
export class RunError extends Error {
  readonly stdout: string
  readonly stderr: string

  constructor(message: string, output: RunResult) {
    super(message)
    this.stdout = output.stdout
    this.stderr = output.stderr
  }
}

/** Runs a program to its end without a shell, `input` being what it reads. @throws RunError */
export function run(
  program: string,
  args: readonly string[],
  options: {
    readonly timeoutMs: number
    readonly env?: NodeJS.ProcessEnv
    readonly cwd?: string
    readonly input?: string
  },
): Promise<RunResult> {
  const limits = { timeout: options.timeoutMs, maxBuffer: 64 * 1024 * 1024, killSignal: 'SIGKILL' as const }
  return new Promise((resolve, reject) => {
    const { env, cwd } = options
    const withEnv = { ...limits, ...(env ? { env } : {}), ...(cwd ? { cwd } : {}) }
    const child = execFile(program, args, withEnv, (error, stdout, stderr) => {
      process.off('exit', end)
      if (error === null) return resolve({ stdout, stderr })
      const why = error.killed ? `did not end within ${options.timeoutMs / 1_000} s` : `ended with ${error.code}`
      reject(new RunError(`${program} ${why}`, { stdout, stderr }))
    })
    if (options.input !== undefined) child.stdin?.on('error', () => undefined).end(options.input)
    // Whoever interrupts a first start must not be left with a compiler that works on for minutes.
    const end = (): void => void child.kill()
    process.once('exit', end)
  })
}
