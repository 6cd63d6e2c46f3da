import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { type CompiledPolicy, compilePolicies } from '../../policies/compile.ts'
import { openState } from '../../workflows/state/state.ts'
import { listJournals, trailFolder } from '../../workflows/trail/journal-files.ts'
import { putInForce } from '../harness/release-in-force.ts'
import { defaultPolicies, opa } from '../policies/default-policy.ts'
import { policyFolder } from '../policies/policy-folder.ts'
import { startHoldpoint, startOneWorker } from './contestants.ts'
import type { BenchOptions, Section } from './figures.ts'
import { quantile } from './statistics.ts'
import { table } from './table.ts'

const TITLE = 'A new release: a hundred clients at work while one policy takes the place of another'
const CLIENTS = 100
/** Each asks so often: below what can be served, so that waiting is told from queueing. */
const EVERY_MS = 100
const WINDOW_MS = 1_500
/** What has just started compiles as it goes. */
const WARMING = 6

interface Window {
  readonly swapped: boolean
  readonly ms: readonly number[]
}

/** Windows with a swap and windows without one in turn: what is in both is not the swap's. */
export async function swap({
  folder,
  swaps,
  say,
}: Pick<BenchOptions, 'folder' | 'say'> & { readonly swaps: number }): Promise<Section> {
  await using stack = new AsyncDisposableStack()
  const tree = stack.use(await startHoldpoint(join(folder, 'swap'), 1))
  const { state } = JSON.parse(readFileSync(join(tree.data, 'config.json'), 'utf8')) as { state: { url: string } }
  const pool = openState(state.url)
  stack.defer(() => pool.end())
  const commits: string[] = []
  for (const release of await twoReleases()) commits.push(await putInForce(pool, release))
  const data = join(folder, 'swap-released')
  mkdirSync(data)
  const releases = { github: { repository: 'acme/policies', token: 'none' } }
  const proxy = stack.use(await startOneWorker(tree, data, { mode: 'production', releases }))
  const clients = await connected(proxy.url, stack)
  const failures: string[] = []
  const windows: Window[] = []
  for (let turn = 0; turn < WARMING + 2 * swaps; turn++) {
    const swapped = turn % 2 === 1
    const ms = work(clients, failures)
    if (swapped) await sleep(WINDOW_MS / 4)
    if (swapped) await pool.query('UPDATE followed_branch SET verified = $1', [commits[((turn - 1) / 2) % 2]])
    windows.push({ swapped, ms: await ms })
    if (turn % 10 === 0) say(`swap: ${turn} of ${WARMING + 2 * swaps} windows`)
  }
  const activated = activations(join(data, 'one-worker'))
  if (activated < swaps) throw new Error(`the proxy has swapped ${activated} times only`)
  return section(windows.slice(WARMING), failures)
}

async function twoReleases(): Promise<readonly CompiledPolicy[]> {
  using folder = policyFolder('default')
  folder.write('data/more.yaml', 'more: true\n')
  const { path, cacheFolder } = folder
  const young = await compilePolicies({ path, cacheFolder, opa: () => opa(), progress: () => undefined })
  return [young, await defaultPolicies()]
}

async function connected(url: string, stack: AsyncDisposableStack): Promise<readonly pg.Client[]> {
  const clients: pg.Client[] = []
  for (let one = 0; one < CLIENTS; one++) {
    const client = new pg.Client(url)
    await client.connect()
    stack.defer(() => client.end())
    clients.push(client)
  }
  return clients
}

/** For one window, every client by its own clock; a statement in three is one that nobody has sent before. */
async function work(clients: readonly pg.Client[], failures: string[]): Promise<readonly number[]> {
  const ms: number[] = []
  const end = performance.now() + WINDOW_MS
  const one = async (client: pg.Client, index: number): Promise<void> => {
    await sleep((EVERY_MS * index) / CLIENTS)
    for (let round = 0; performance.now() < end; round++) {
      const start = performance.now()
      const sql =
        round % 3 === 0 ? `SELECT id, name FROM products WHERE id = ${++asked}` : 'SELECT id FROM products LIMIT 1'
      await client.query(sql).catch((error: Error) => failures.push(error.message))
      ms.push(performance.now() - start)
      await sleep(Math.max(0, EVERY_MS - (performance.now() - start)))
    }
  }
  await Promise.all(clients.map(one))
  return ms
}
let asked = 0

function activations(data: string): number {
  const parts = [...listJournals(trailFolder(data)).values()].flat()
  return parts.reduce((sum, { path }) => sum + readFileSync(path, 'utf8').split('"release.activated"').length - 1, 0)
}

function section(windows: readonly Window[], failures: readonly string[]): Section {
  const rows = [false, true].map((swapped) => {
    const of = windows.filter((window) => window.swapped === swapped)
    const all = of.flatMap(({ ms }) => ms).sort((a, b) => a - b)
    const longest = of.map(({ ms }) => Math.max(...ms)).sort((a, b) => a - b)
    const figures = [quantile(all, 0.5), quantile(all, 0.99), quantile(longest, 0.5), quantile(longest, 0.9)]
    return [
      swapped ? 'with a swap in each' : 'without',
      `${of.length}`,
      `${all.length}`,
      ...[...figures, longest.at(-1) ?? Number.NaN].map((value) => value.toFixed(1)),
    ]
  })
  const head = [
    'windows',
    'how many',
    'statements',
    'p50 ms',
    'p99 ms',
    'longest, median ms',
    'longest, p90 ms',
    'longest of all ms',
  ]
  const told = `Errors: ${failures.length}${failures.length === 0 ? '' : ` (${failures[0]})`}. To reach: none, and no stall over 20 ms that is the swap's.`
  return { title: TITLE, markdown: `${table(head, rows)}\n\n${told}`, raw: { windows, failures } }
}
