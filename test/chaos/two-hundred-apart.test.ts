import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import pg from 'pg'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { openState } from '../../workflows/state/state.ts'
import { treeOf } from '../harness/processes.ts'
import { type Production, startProduction } from '../harness/production.ts'
import { putInForce } from '../harness/release-in-force.ts'
import { defaultPolicies } from '../policies/default-policy.ts'

/**
 * The same as two-hundred.test.ts with each role a process of its own and the queues on PostgreSQL: while two hundred are
 * held and people answer, every process is killed in turn, and started again as a service manager would.
 */
const HALF = 100
const TURN = 20
const PATIENCE = { timeout: 90_000, interval: 100 }
type Role = 'proxy' | 'worker' | 'bot'

let production: Production
const running = new Map<Role, ChildProcess>()
const waiting: pg.Client[] = []
beforeAll(async () => {
  const slack = { botToken: 'xoxb-nobody', signingSecret: 'nothing', channel: 'C0123456789' }
  const changes = { holds: { abandonedAfterMs: 3_000 }, slack: { ...slack, apiUrl: 'http://127.0.0.1:9/api/' } }
  production = await startProduction(changes, 'own')
  running.set('bot', await production.run('bot'))
  const pool = openState(production.stateUrl)
  await putInForce(pool, await defaultPolicies())
  await pool.end()
  for (const role of ['worker', 'proxy'] as const) running.set(role, await production.run(role))
  await select(
    "CREATE TABLE marks (seen int[] NOT NULL); INSERT INTO marks VALUES ('{}'); GRANT ALL ON marks TO PUBLIC",
  )
}, 240_000)
afterAll(async () => {
  for (const client of waiting) await client.end().catch(() => undefined)
  await production?.[Symbol.asyncDispose]()
})

async function killed(role: Role): Promise<void> {
  const child = running.get(role) as ChildProcess
  const gone = once(child, 'exit')
  child.kill('SIGKILL')
  await gone
  // What it had forked ends by itself, and frees the port.
  running.set(role, await vi.waitFor(() => production.run(role), { timeout: 90_000, interval: 500 }))
}

async function killedProxyProcess(): Promise<void> {
  const [one] = treeOf(running.get('proxy')?.pid as number).filter(({ command }) => command.includes(' proxy-worker '))
  process.kill(one?.pid as number, 'SIGKILL')
}

async function select<T extends pg.QueryResultRow>(sql: string, url = production.tree.ready.upstream): Promise<T[]> {
  const client = new pg.Client(url)
  await client.connect()
  try {
    return (await client.query<T>(sql)).rows
  } finally {
    await client.end()
  }
}

const mark = (number: number): string => `UPDATE marks SET seen = seen || ${number}`
const choiceOf = (number: number): 'approve' | 'reject' | 'leave' =>
  (['approve', 'reject', 'leave'] as const)[number % 3] ?? 'leave'

async function connected(options: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: production.postgres('ana'), options })
  client.on('error', () => undefined)
  await client.connect()
  return client
}

async function holds(): Promise<ReadonlyMap<number, { readonly id: string; readonly status: string }>> {
  const rows = await select<{ id: string; status: string; statement: string }>(
    "SELECT id, status, request->>'statement' AS statement FROM hold ORDER BY created_at",
    production.stateUrl,
  )
  return new Map(rows.map(({ id, status, statement }) => [Number(/\|\| (\d+)$/.exec(statement)?.[1]), { id, status }]))
}

async function ran(): Promise<readonly (readonly [number, number])[]> {
  const rows = await select<{ number: number; times: number }>(
    'SELECT number, count(*)::int AS times FROM marks, unnest(seen) AS number GROUP BY number ORDER BY number',
  )
  return rows.map(({ number, times }) => [number, times])
}

/** @returns the status; 0: nobody answered */
async function vote(id: string, choice: 'approve' | 'reject'): Promise<number> {
  const response = await fetch(`${production.console}/api/holds/${id}/votes`, {
    method: 'POST',
    headers: { authorization: `Bearer ${production.tree.identity('ben').token}`, 'content-type': 'application/json' },
    body: JSON.stringify(choice === 'approve' ? { choice } : { choice, reason: 'not today' }),
  }).catch(() => null)
  return response?.status ?? 0
}

async function answer(number: number, id: string): Promise<void> {
  const choice = choiceOf(number)
  if (choice === 'leave') return
  await vi.waitFor(async () => expect([200, 409]).toContain(await vote(id, choice)), PATIENCE)
}

test('every hold ends as its people chose, whichever process is killed', { timeout: 400_000 }, async () => {
  const asking = await connected('-c holdpoint.on_hold=error')
  for (let number = 0; number < HALF; number++)
    await expect(asking.query(mark(number))).rejects.toMatchObject({ code: 'YH001' })
  await asking.end()
  const results: Promise<unknown>[] = []
  for (let number = HALF; number < 2 * HALF; number++) {
    const client = await connected('-c holdpoint.on_hold=wait')
    waiting.push(client)
    results.push(client.query(mark(number)).catch((error: unknown) => error))
  }
  await vi.waitFor(async () => expect((await holds()).size).toBe(2 * HALF), PATIENCE)
  const all = await holds()
  const idOf = (number: number): string => all.get(number)?.id ?? ''
  expect(await ran()).toEqual([])

  // Of those who wait these are answered while worker and bot are killed, which nobody who waits may feel.
  const early = Array.from({ length: 2 * TURN }, (_, n) => HALF + n)
  const strikes = [() => killed('worker'), () => killed('bot'), killedProxyProcess, () => killed('proxy')]
  for (const [turn, strike] of strikes.entries()) {
    const due = Array.from({ length: TURN }, (_, n) => turn * TURN + n)
    if (turn < 2) due.push(...early.slice(turn * TURN, (turn + 1) * TURN))
    const answering = (async () => {
      for (const number of due) await answer(number, idOf(number))
    })()
    await strike()
    await answering
    if (turn !== 1) continue
    await vi.waitFor(async () => {
      const numbers = (await ran()).map(([number]) => number)
      expect(numbers).toEqual(early.filter((number) => choiceOf(number) === 'approve'))
    }, PATIENCE)
  }
  await Promise.allSettled(results)

  await vi.waitFor(async () => {
    const open = [...(await holds())].filter(
      ([number, { status }]) => number >= HALF && ['pending', 'approved'].includes(status),
    )
    expect(open).toEqual([])
  }, PATIENCE)
  // Their connections are lost: an answer that comes now is refused, and runs nothing.
  for (let number = HALF + 2 * TURN; number < 2 * HALF; number++) expect(await vote(idOf(number), 'approve')).toBe(409)

  const decided = await holds()
  for (let number = 0; number < 4 * TURN; number++) {
    const chosen = { approve: 'approved', reject: 'rejected', leave: 'pending' }[choiceOf(number)]
    expect([number, decided.get(number)?.status]).toEqual([number, chosen])
  }
  const again = await connected('-c holdpoint.on_hold=error')
  for (let round = 0; round < 2; round++)
    for (let number = 0; number < 4 * TURN; number++) await again.query(mark(number)).catch(() => undefined)
  await again.end()
  const expected = [...Array.from({ length: 4 * TURN }, (_, n) => n), ...early].filter(
    (number) => choiceOf(number) === 'approve',
  )
  expect(await ran()).toEqual(expected.map((number) => [number, 1]))
  const { status, out } = await production.command('audit', 'verify', '--json')
  expect([status, JSON.parse(out.split('\n').find((line) => line.startsWith('{')) ?? '{}')]).toMatchObject([
    0,
    { ok: true },
  ])
})
