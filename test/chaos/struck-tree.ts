import { execFile } from 'node:child_process'
import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import pg from 'pg'
import { expect, vi } from 'vitest'
import { listJournals, trailFolder } from '../../workflows/trail/journal-files.ts'
import { recordOf, type TrailRecord } from '../../workflows/trail/line.ts'
import { type RunningHoldpoint, startHoldpoint, temporaryFolder } from '../harness/holdpoint.ts'
import { postmasterOf, proxyOf, stillRunning, treeOf } from '../harness/processes.ts'

/** What is killed. All of it is `kill -9`. */
export type Victim = 'the main process' | 'a proxy process' | 'PostgreSQL'

const PATIENCE = { timeout: 30_000, interval: 25 }

export interface ShownHold {
  readonly id: string
  readonly status: string
  readonly votes: readonly unknown[]
}

/** A whole tree that is struck again and again, and goes on with the same data. */
export class StruckTree implements AsyncDisposable {
  readonly #victim: Victim
  readonly #env: Readonly<Record<string, string>>
  readonly #data = temporaryFolder()
  #tree!: RunningHoldpoint

  private constructor(victim: Victim, env: Readonly<Record<string, string>>) {
    this.#victim = victim
    this.#env = env
  }

  static async start(victim: Victim, env: Readonly<Record<string, string>> = {}): Promise<StruckTree> {
    const struck = new StruckTree(victim, env)
    struck.#tree = await startHoldpoint({ data: struck.#data, env })
    return struck
  }

  /** Kills the victim and returns when everything answers again and nothing of the old is left. */
  async strike(victim = this.#victim): Promise<void> {
    const before = treeOf(this.#tree.ready.pid)
    const struck = this.#pidOf(victim)
    process.kill(struck, 'SIGKILL')
    this.thaw(before.find(({ command }) => command.includes(' proxy-worker '))?.pid)
    if (victim === 'the main process') {
      await vi.waitFor(() => expect(stillRunning(before)).toEqual([]), PATIENCE)
      await this.#tree.kill()
      this.#tree = await startHoldpoint({ data: this.#data, env: this.#env })
    } else {
      const old = before.filter(({ pid }) => pid === struck)
      await vi.waitFor(() => expect(stillRunning(old)).toEqual([]), PATIENCE)
    }
    await vi.waitFor(async () => {
      await this.select('SELECT 1')
      await this.ask('ana', 'SELECT 1')
      expect((await this.#fetch('ben', '/me')).status).toBe(200)
    }, PATIENCE)
  }

  /** Stops the proxy process as it is; what reaches it waits. */
  freezeProxy(): void {
    process.kill(this.#proxyPid, 'SIGSTOP')
  }

  thaw(pid: number = this.#proxyPid): void {
    try {
      process.kill(pid, 'SIGCONT')
    } catch {} // it was the victim
  }

  get #proxyPid(): number {
    return proxyOf(this.#tree.ready.pid) ?? Number.NaN
  }

  #pidOf(victim: Victim): number {
    if (victim === 'the main process') return this.#tree.ready.pid
    return victim === 'PostgreSQL' ? postmasterOf(this.#data) : this.#proxyPid
  }

  /** A connection through the proxy. That it ends is expected here. */
  async connect(name: string, options?: string): Promise<pg.Client> {
    const { postgres } = this.#tree.identity(name)
    const client = new pg.Client({ connectionString: postgres, ...(options === undefined ? {} : { options }) })
    client.on('error', () => undefined)
    await client.connect()
    return client
  }

  /** One statement on a connection of its own that does not wait for approvals. */
  async ask(name: string, sql: string): Promise<pg.QueryResult> {
    const client = await this.connect(name, '-c holdpoint.on_hold=error')
    try {
      return await client.query(sql)
    } finally {
      await client.end().catch(() => undefined)
    }
  }

  /** On the sample database itself. */
  async direct(url = this.#tree.ready.upstream): Promise<pg.Client> {
    const client = new pg.Client(url)
    client.on('error', () => undefined)
    await client.connect()
    return client
  }

  async state(): Promise<pg.Client> {
    const config = JSON.parse(readFileSync(join(this.#data, 'config.json'), 'utf8')) as { state: { url: string } }
    return this.direct(config.state.url)
  }

  async select<T extends pg.QueryResultRow>(sql: string): Promise<readonly T[]> {
    const client = await this.direct()
    try {
      return (await client.query<T>(sql)).rows
    } finally {
      await client.end()
    }
  }

  async hold(id: string): Promise<ShownHold> {
    return (await (await this.#fetch('ben', `/holds/${id}`)).json()) as ShownHold
  }

  async pendingHold(statement: string): Promise<string> {
    return vi.waitFor(async () => {
      const answer = (await (await this.#fetch('ben', '/holds?status=pending')).json()) as {
        holds: readonly { id: string; excerpt: string }[]
      }
      const found = answer.holds.find(({ excerpt }) => excerpt === statement)
      expect(found).toBeDefined()
      return found?.id as string
    }, PATIENCE)
  }

  approve(id: string): Promise<Response> {
    return this.#fetch('ben', `/holds/${id}/votes`, { choice: 'approve' })
  }

  reject(id: string): Promise<Response> {
    return this.#fetch('ben', `/holds/${id}/votes`, { choice: 'reject', reason: 'not today' })
  }

  /** Every record of every journal, as it is on disk. */
  records(event?: string): readonly TrailRecord[] {
    const files = [...listJournals(trailFolder(this.#data)).values()].flat()
    const lines = files.flatMap(({ path }) => readFileSync(path, 'utf8').split('\n').slice(0, -1))
    return lines
      .map(recordOf)
      .filter((record) => record !== null && (event === undefined || record.event === event)) as readonly TrailRecord[]
  }

  async auditVerify(): Promise<{ readonly ok: boolean; readonly firstBad: unknown }> {
    const args = ['holdpoint.ts', 'audit', 'verify', '--json', '--data', this.#data]
    const { stdout } = await promisify(execFile)(process.execPath, args).catch((error: { stdout: string }) => error)
    return JSON.parse(stdout) as { ok: boolean; firstBad: unknown }
  }

  /** Ends the tree as Ctrl-C does. @returns what of it is still running then */
  async end(): Promise<readonly unknown[]> {
    const before = treeOf(this.#tree.ready.pid)
    await this.#tree.stop()
    return stillRunning(before)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#tree.stop()
    rmSync(this.#data, { recursive: true, force: true })
  }

  #fetch(name: string, path: string, body?: object): Promise<Response> {
    const headers = { authorization: `Bearer ${this.#tree.identity(name).token}`, 'content-type': 'application/json' }
    const { api } = this.#tree.ready
    return fetch(
      `${api}${path}`,
      body === undefined ? { headers } : { method: 'POST', headers, body: JSON.stringify(body) },
    )
  }
}
