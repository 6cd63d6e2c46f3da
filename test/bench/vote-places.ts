import { type ChildProcess, fork } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { PROXY_MEMORY } from '../../proxy/processes.ts'
import { createDirectory } from '../../workflows/directory/directory.ts'
import { createHolds, type KeptHolds } from '../../workflows/holds/holds.ts'
import { createQueues } from '../../workflows/queues/create-queues.ts'
import { openState } from '../../workflows/state/state.ts'
import type { HoldpointTree } from './contestants.ts'

/**
 * Where a vote arrives: `two`, in a process of its own as the bot is one, and the clients wait in the tree's proxy;
 * `one`, in the very process that serves the clients.
 */
export type Place = 'one' | 'two'

export interface VotePlace extends AsyncDisposable {
  /** postgres://…, of the proxy whose clients wait. */
  readonly url: string
  vote(hold: string): Promise<Voted>
}

/** Both by `now`. */
export interface Voted {
  readonly arrived: number
  readonly voted: number
}

export const VOTER = { issuer: 'https://bench.example', subject: 'reviewer' }

/** Milliseconds of a clock that all processes of this machine share. */
export function now(): number {
  return Number(process.hrtime.bigint()) / 1e6
}

export async function startPlace(place: Place, tree: HoldpointTree): Promise<VotePlace> {
  const { state } = configOf(tree)
  const pool = openState(state.url)
  await createDirectory(pool).upsert({ ...VOTER, name: 'reviewer', kind: 'human', groups: ['dba'] })
  await pool.end()
  return place === 'one' ? inOneProcess(tree) : here(tree)
}

export async function castVote(holds: Pick<KeptHolds, 'vote'>, hold: string): Promise<Voted> {
  const arrived = now()
  await holds.vote(hold, VOTER, { choice: 'approve', reason: null, via: 'console' })
  return { arrived, voted: now() }
}

interface OwnConfig {
  readonly state: { readonly url: string; readonly redisUrl?: string }
  readonly proxy: object
  readonly doors: object
}

function configOf(tree: HoldpointTree): OwnConfig {
  return JSON.parse(readFileSync(join(tree.data, 'config.json'), 'utf8')) as OwnConfig
}

/** The state as the bot has it, in this process. */
function here(tree: HoldpointTree): VotePlace {
  const { state } = configOf(tree)
  const log = { warn: () => undefined, error: () => undefined }
  const stack = new AsyncDisposableStack()
  const pool = openState(state.url)
  stack.defer(() => pool.end())
  const queues = createQueues(state, log)
  stack.defer(() => queues.close())
  const holds = stack.use(createHolds({ pool, queues, pendingMax: 10_000, log }))
  return {
    url: tree.url,
    vote: (hold) => castVote(holds, hold),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  }
}

async function inOneProcess(tree: HoldpointTree): Promise<VotePlace> {
  const config = configOf(tree)
  const data = join(tree.data, 'one-process')
  mkdirSync(data)
  const file = join(data, 'config.json')
  const own = { proxy: { ...config.proxy, port: 0, workers: 1 }, doors: { ...config.doors, port: 0 } }
  writeFileSync(file, JSON.stringify({ ...config, data, ...own }), { mode: 0o600 })
  const child = fork(join(import.meta.dirname, 'proxy-that-votes.ts'), [file], {
    execArgv: [...PROXY_MEMORY],
  })
  const { port } = await said<{ readonly port: number }>(child)
  const url = new URL(tree.url)
  url.port = `${port}`
  return {
    url: url.href,
    vote(hold) {
      const voted = said<Voted>(child)
      child.send(hold)
      return voted
    },
    async [Symbol.asyncDispose]() {
      const gone = new Promise((resolve) => child.once('exit', resolve))
      child.disconnect()
      await gone
    },
  }
}

function said<T>(child: ChildProcess): Promise<T> {
  return new Promise((resolve, reject) => {
    const ended = (code: number | null): void => reject(new Error(`the process that votes ended with ${code}`))
    child.once('exit', ended)
    child.once('message', (message) => {
      child.off('exit', ended)
      resolve(message as T)
    })
  })
}
