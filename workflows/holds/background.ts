import type pg from 'pg'
import { type KnownSince, knownSince } from '../directory/known-since.ts'
import { rowsOf } from '../state/transaction.ts'
import type { Hold, HoldStatus } from './hold.ts'
import { identityKey } from './identity-key.ts'
import { findHold } from './row.ts'

/** What reviewers ask themselves about who asks. */
export interface AskerBackground {
  readonly asker: KnownSince | null
  readonly actsFor: KnownSince | null
  /** What the same identity was held for before this, newest first. */
  readonly lately: readonly EarlierHold[]
  /** Of the last thirty days before this. */
  readonly counts: Readonly<Partial<Record<HoldStatus, number>>>
}

export interface Background extends AskerBackground {
  /** The last one of the same shape that was approved. */
  readonly sameShape: Hold | null
}

export interface EarlierHold {
  readonly id: string
  readonly status: HoldStatus
  readonly tag: string
  readonly target: string
  readonly createdAt: string
}

const LATELY_MAX = 10
const COUNTED_DAYS = 30
/** How far back a statement of the same shape is looked for. */
const COMPARED_MAX = 200

export async function backgroundOf(pool: pg.Pool, hold: Hold): Promise<Background> {
  const [about, sameShape] = await Promise.all([
    askerBackgroundOf(pool, hold),
    sameShapeOf(pool, identityKey(hold.identity), hold),
  ])
  return { ...about, sameShape }
}

export async function askerBackgroundOf(pool: pg.Pool, hold: Hold): Promise<AskerBackground> {
  const key = identityKey(hold.identity)
  const [asker, actsFor, lately, counts] = await Promise.all([
    knownSince(pool, hold.identity),
    hold.identity.actsFor === null ? null : knownSince(pool, hold.identity.actsFor),
    latelyOf(pool, key, hold),
    countsOf(pool, key, hold),
  ])
  return { asker, actsFor, lately, counts }
}

async function latelyOf(pool: pg.Pool, key: string, { id, createdAt }: Hold): Promise<readonly EarlierHold[]> {
  const rows = await rowsOf<Omit<EarlierHold, 'createdAt'> & { readonly created_at: Date }>(
    pool,
    `SELECT id, status, tag, target, created_at FROM hold
     WHERE identity = $1 AND id <> $2 AND created_at <= $3 ORDER BY created_at DESC LIMIT ${LATELY_MAX}`,
    [key, id, createdAt],
  )
  return rows.map(({ created_at, ...row }) => ({ ...row, createdAt: created_at.toISOString() }))
}

async function countsOf(pool: pg.Pool, key: string, { id, createdAt }: Hold): Promise<AskerBackground['counts']> {
  const rows = await rowsOf<{ status: HoldStatus; count: number }>(
    pool,
    `SELECT status, count(*)::int AS count FROM hold
     WHERE identity = $1 AND id <> $2 AND created_at <= $3
       AND created_at > $3::timestamptz - interval '${COUNTED_DAYS} days'
     GROUP BY status`,
    [key, id, createdAt],
  )
  return Object.fromEntries(rows.map(({ status, count }) => [status, count]))
}

async function sameShapeOf(pool: pg.Pool, key: string, { id, createdAt, facts }: Hold): Promise<Hold | null> {
  if (facts.fingerprint === '') return null
  const [row] = await rowsOf<{ id: string }>(
    pool,
    `SELECT id FROM (
       SELECT id, created_at, fingerprint FROM hold
       WHERE identity = $1 AND id <> $2 AND created_at <= $3 AND status IN ('approved', 'executed')
       ORDER BY created_at DESC LIMIT ${COMPARED_MAX}) AS earlier
     WHERE fingerprint = $4 ORDER BY created_at DESC LIMIT 1`,
    [key, id, createdAt, facts.fingerprint],
  )
  return row === undefined ? null : findHold(pool, row.id)
}
