import type pg from 'pg'
import type { Log } from '../../log.ts'
import type { Answering } from '../../policies/answering.ts'
import type { Reviewers } from '../../policies/decision.ts'
import type { Identity } from '../../policies/input.ts'
import { createDirectory, type Directory } from '../../workflows/directory/directory.ts'
import type { HoldRequest } from '../../workflows/holds/hold.ts'
import { createHolds, type HoldsOptions, type KeptHolds } from '../../workflows/holds/holds.ts'
import type { PersonKey } from '../../workflows/holds/identity-key.ts'
import type { Queues } from '../../workflows/queues/queues.ts'
import { migrate } from '../../workflows/state/migrate.ts'
import { openState } from '../../workflows/state/state.ts'
import { freshDatabase } from '../harness/database.ts'

/** A migrated state database with a few people in it, and holds over it whose clock the test moves. */
export interface Stage extends AsyncDisposable {
  readonly url: string
  readonly pool: pg.Pool
  readonly holds: KeptHolds
  readonly directory: Directory
  readonly clock: { ms: number }
  readonly now: () => number
  readonly log: TestLog
  trail(name: string): Promise<readonly Record<string, unknown>[]>
}

const ISSUER = 'https://id.example'

export const people = {
  ana: { groups: ['engineers'] },
  ben: { groups: ['engineers', 'dba', 'data-owners'] },
  cleo: { groups: ['dba', 'security'] },
  dora: { groups: ['dba'] },
  eve: { groups: ['admins', 'engineers'] },
  finn: { groups: ['security', 'data-owners'] },
} as const

export function person(name: string): PersonKey {
  return { issuer: ISSUER, subject: `sub-${name}` }
}

export const ana: Identity = {
  ...person('ana'),
  name: 'ana',
  groups: ['engineers'],
  kind: 'human',
  actsFor: null,
  provenBy: 'oidc',
  expiresAt: '2030-01-01T00:00:00.000Z',
}

export const reportBot: Identity = {
  ...ana,
  ...person('report-bot'),
  name: 'report-bot',
  groups: ['agents'],
  kind: 'agent',
  actsFor: { ...person('ana'), name: 'ana', groups: ['engineers'] },
}

export function decisionFor(reviewers: readonly Reviewers[]): HoldRequest['decision'] {
  return {
    outcome: 'hold',
    rules: [{ id: 'production.write', title: 'Write', reason: 'A write in production', outcome: 'hold' }],
    masks: [],
    reviewers,
    expiryMs: 900_000,
    grantMs: 600_000,
    onHold: null,
  }
}

/** What a decision says of answering when it says nothing in particular. */
export const answering: Answering = {
  reasonRequired: false,
  remindMs: null,
  escalate: null,
  onCall: [],
  delegates: {},
  breakGlass: null,
  sameShape: null,
}

export const oneDba = [{ group: 'dba', count: 1 }] as const
let digests = 0

/** A request like no other before it, unless it is told otherwise. */
export function request(changes: Partial<HoldRequest> = {}): HoldRequest {
  return {
    mode: 'error',
    identity: ana,
    target: { name: 'prod/shop', environment: 'production', database: 'shop' },
    application: 'psql',
    statement: 'DELETE FROM orders',
    parameters: ['a\0b', null],
    digest: `digest-${++digests}`,
    facts: {
      kind: 'delete',
      tag: 'DELETE',
      effects: ['write'],
      relations: [],
      columns: [],
      functions: [],
      roles: [],
      settings: [],
      external: [],
      locks: [],
      flags: ['no_where'],
      unresolved: [],
      fingerprint: 'f',
    },
    decision: decisionFor(oneDba),
    policyDigest: 'p',
    preview: { kind: 'counted', rows: 3, ofRows: 10 },
    reason: null,
    expiryMs: 900_000,
    sessionId: 'session-1',
    ...changes,
  }
}

/** Queues that only remember: what is tested is not the waiting. */
export const idleQueues: Queues = {
  backend: 'postgres',
  wake: null,
  scheduleExpiry: async () => undefined,
  cancelExpiry: async () => undefined,
  announce: async () => undefined,
  startRuns: async () => undefined,
  work: () => ({ ready: async () => undefined, close: async () => undefined }),
  ready: async () => undefined,
  close: async () => undefined,
}

export interface TestLog extends Pick<Log, 'warn' | 'error'> {
  readonly said: string[]
}

export function testLog(): TestLog {
  const said: string[] = []
  const say = (_about: unknown, line?: unknown): void => void said.push(String(line))
  return { said, warn: say as Log['warn'], error: say as Log['error'] }
}

export async function openStage(changes: Partial<HoldsOptions> = {}): Promise<Stage> {
  const database = await freshDatabase()
  const pool = openState(database.url)
  await migrate(pool)
  const directory = createDirectory(pool)
  for (const [name, { groups }] of Object.entries(people)) {
    await directory.upsert({ ...person(name), name, email: `${name}@example.org`, kind: 'human', groups })
  }
  await directory.upsert({ ...person('report-bot'), name: 'report-bot', kind: 'agent', groups: ['agents', 'dba'] })
  await directory.upsert({ ...person('etl'), name: 'etl', kind: 'service', groups: ['services', 'dba'] })
  const clock = { ms: Date.UTC(2026, 10, 21, 12) }
  const now = (): number => clock.ms
  const log = testLog()
  const holds = createHolds({ pool, queues: idleQueues, pendingMax: 10_000, now, log, ...changes })
  return {
    url: database.url,
    pool,
    holds,
    directory,
    clock,
    now,
    log,
    async trail(name) {
      const { rows } = await pool.query('SELECT event FROM trail_outbox WHERE name = $1 ORDER BY id', [name])
      return rows.map(({ event }) => event as Record<string, unknown>)
    },
    async [Symbol.asyncDispose]() {
      await holds[Symbol.asyncDispose]()
      await pool.end()
      await database[Symbol.asyncDispose]()
    },
  }
}

export function approve(stage: Pick<Stage, 'holds'>, id: string, name: string) {
  return stage.holds.vote(id, person(name), { choice: 'approve', reason: null, via: 'console' })
}

export function reject(stage: Pick<Stage, 'holds'>, id: string, name: string, reason: string | null = 'no') {
  return stage.holds.vote(id, person(name), { choice: 'reject', reason, via: 'console' })
}
