import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'

/** A line as a person pastes it into a shell, what is typed into the program that it starts, and what that answers. */
export class Terminal implements AsyncDisposable {
  readonly #shell: ChildProcessWithoutNullStreams
  readonly #ended: Promise<number | null>
  readonly #listeners = new Set<() => void>()
  #said = ''
  #read = 0

  constructor(line: string, env: Readonly<Record<string, string>> = {}) {
    // A process group of its own, so that Ctrl-C reaches what a terminal's would.
    this.#shell = spawn('sh', ['-c', line], { detached: true, env: { ...process.env, PSQLRC: '/dev/null', ...env } })
    for (const stream of [this.#shell.stdout, this.#shell.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => {
        this.#said += text
        for (const listener of this.#listeners) listener()
      })
    this.#shell.stdin.on('error', () => undefined) // the program has ended; its exit tells
    this.#ended = new Promise((resolve) => this.#shell.once('close', resolve))
  }

  type(text: string): void {
    this.#shell.stdin.write(`${text}\n`)
  }

  /** Waits until it has said this, from where the last call stopped reading. @throws with what it said instead */
  async says(pattern: RegExp, withinMs = 20_000): Promise<RegExpExecArray> {
    const { promise, resolve, reject } = Promise.withResolvers<RegExpExecArray>()
    const look = (): void => {
      const found = pattern.exec(this.#said.slice(this.#read))
      if (found !== null) resolve(found)
    }
    const fail = (): void => reject(new Error(`It never said ${pattern}, but:\n${this.#said.slice(this.#read)}`))
    const timer = setTimeout(fail, withinMs)
    this.#listeners.add(look)
    look()
    void this.#ended.then(fail)
    try {
      const found = await promise
      this.#read += found.index + found[0].length
      return found
    } finally {
      clearTimeout(timer)
      this.#listeners.delete(look)
    }
  }

  interrupt(): void {
    this.#signal('SIGINT')
  }

  /** Everything it said, once it has ended by itself. */
  async output(): Promise<{ readonly status: number | null; readonly said: string }> {
    this.#shell.stdin.end()
    const status = await this.#ended
    return { status, said: this.#said }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#shell.exitCode === null && this.#shell.signalCode === null) this.#signal('SIGKILL')
    await this.#ended
  }

  #signal(signal: NodeJS.Signals): void {
    if (this.#shell.pid !== undefined) process.kill(-this.#shell.pid, signal)
  }
}
