import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { type CompiledPolicy, policyDigest } from '../../policies/compile.ts'
import { openState } from '../../workflows/state/state.ts'
import { listJournals, trailFolder } from '../../workflows/trail/journal-files.ts'
import { putInForce } from '../harness/release-in-force.ts'
import { defaultPolicies } from '../policies/default-policy.ts'
import { startHoldpoint, startOneWorker } from './contestants.ts'
import type { BenchOptions, Section } from './figures.ts'
import { quantile } from './statistics.ts'
import { table } from './table.ts'

const TITLE = 'A new release: a hundred clients at work while one policy takes the place of another'
const CLIENTS = 100
/** Each asks so often: below what can be served, so that waiting is told from queueing. */
const EVERY_MS = 100
const WINDOW_MS = 1_000
const STALL_MS = 20
/** What has just started compiles as it goes. */
const WARMING = 6

interface Window {
  readonly swapped: boolean
  readonly ms: readonly number[]
  /** When the longest began, in ms after the release was set; without a swap, after when it would have been. */
  readonly longestAt: number
}

interface Asked {
  readonly at: number
  readonly ms: number
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
  const releases = await manyReleases(WARMING / 2 + swaps + 1)
  const commits: string[] = []
  for (const release of releases) commits.push(await putInForce(pool, release))
  const data = join(folder, 'swap-released')
  mkdirSync(data)
  const followed = { github: { repository: 'acme/policies', token: 'none' } }
  const proxy = stack.use(await startOneWorker(tree, data, { mode: 'production', releases: followed }))
  const clients = await connected(proxy.url, stack)
  const failures: string[] = []
  const windows: Window[] = []
  for (let turn = 0; turn < WARMING + 2 * swaps; turn++) {
    const swapped = turn % 2 === 1
    const working = work(clients, failures)
    await sleep(WINDOW_MS / 4)
    const setAt = performance.now()
    if (swapped) await pool.query('UPDATE followed_branch SET verified = $1', [commits[(turn - 1) / 2]])
    const asked = await working
    const longest = asked.reduce((a, b) => (b.ms > a.ms ? b : a))
    windows.push({ swapped, ms: asked.map(({ ms }) => ms), longestAt: Math.round(longest.at - setAt) })
    if (turn % 10 === 0) say(`swap: ${turn} of ${WARMING + 2 * swaps} windows`)
  }
  const activated = activations(join(data, 'one-worker'))
  if (activated < swaps) throw new Error(`the proxy has swapped ${activated} times only`)
  return section(windows.slice(WARMING), failures)
}

/** The default policies, each time as other bytes: an engine that meets a module again has it compiled already. */
async function manyReleases(count: number): Promise<readonly CompiledPolicy[]> {
  const compiled = await defaultPolicies()
  return Array.from({ length: count }, (_, number) => {
    const customSection = Buffer.from([0, 3, 1, 97, number & 0xff])
    const other = { ...compiled, wasm: Buffer.concat([compiled.wasm, customSection]) }
    return { ...other, digest: policyDigest(other) }
  })
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
async function work(clients: readonly pg.Client[], failures: string[]): Promise<readonly Asked[]> {
  const done: Asked[] = []
  const end = performance.now() + WINDOW_MS
  const one = async (client: pg.Client, index: number): Promise<void> => {
    await sleep((EVERY_MS * index) / CLIENTS)
    for (let round = 0; performance.now() < end; round++) {
      const start = performance.now()
      const sql =
        round % 3 === 0 ? `SELECT id, name FROM products WHERE id = ${++asked}` : 'SELECT id FROM products LIMIT 1'
      await client.query(sql).catch((error: Error) => failures.push(error.message))
      done.push({ at: start, ms: performance.now() - start })
      await sleep(Math.max(0, EVERY_MS - (performance.now() - start)))
    }
  }
  await Promise.all(clients.map(one))
  return done
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
    const late = longest.filter((one) => one > STALL_MS).length
    return [
      swapped ? 'with a swap in each' : 'without',
      `${of.length}`,
      `${all.length}`,
      ...[...figures, longest.at(-1) ?? Number.NaN].map((value) => value.toFixed(1)),
      `${late}`,
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
    'windows over 20 ms',
  ]
  const moments = windows
    .filter(({ swapped, ms }) => swapped && Math.max(...ms) > STALL_MS / 2)
    .map(({ ms, longestAt }) => `${Math.max(...ms).toFixed(1)} ms, begun ${longestAt} ms after`)
  const when = `With a swap, over ${STALL_MS / 2} ms: ${moments.join('; ') || 'none'}.`
  const told = `Errors: ${failures.length}${failures.length === 0 ? '' : ` (${failures[0]})`}. To reach: none, and no stall over 20 ms that is the swap's.`
  return { title: TITLE, markdown: `${table(head, rows)}\n\n${told} ${when}`, raw: { windows, failures } }
}
