import type { Pool } from 'pg'
import { rowsOf } from '../../../workflows/state/transaction.ts'

/**
 * Forgets what belongs to cards on which nothing has been left to do for a long time: what they showed beside their
 * buttons, what was said under them, and who shared them. The holds, their votes and the trail stay.
 */
const KEPT_MS = 90 * 24 * 60 * 60_000
/** At most so many rows of each in one round. */
const AT_ONCE = 1_000
const EVERY_MS = 60 * 60_000

/** @returns forgets, when it has not for an hour; whatever is left is for the next round */
export function createForgetting(pool: Pool, now: () => number): () => Promise<void> {
  let next = 0
  return async () => {
    if (now() < next) return
    next = now() + EVERY_MS
    const before = new Date(now() - KEPT_MS)
    for (const sql of [SHOWN, NUDGES, SHARED]) await rowsOf(pool, sql, [before])
  }
}

/** While one of them waits, the button that names them may be clicked. */
const SHOWN = `
  DELETE FROM slack_shown WHERE id IN (
    SELECT id FROM slack_shown AS old WHERE at < $1
      AND NOT EXISTS (SELECT FROM hold WHERE hold.id = ANY(old.holds) AND status = 'pending') LIMIT ${AT_ONCE})`

const NUDGES = `
  DELETE FROM slack_nudge WHERE (notice, destination) IN (
    SELECT notice, destination FROM slack_nudge WHERE at < $1 ORDER BY at LIMIT ${AT_ONCE})`

/** All of a card or nothing: by these rows a change of a hold finds the card that it is on. */
const SHARED = `
  DELETE FROM slack_gathered WHERE lead IN (
    SELECT hold FROM slack_gathered AS card WHERE hold = card.lead
      AND NOT EXISTS (
        SELECT FROM slack_gathered AS one JOIN hold ON hold.id = one.hold
        WHERE one.lead = card.hold AND (coalesce(hold.decided_at, hold.created_at) >= $1
          OR hold.status IN ('pending', 'approved')
          OR EXISTS (SELECT FROM broken_glass WHERE broken_glass.hold = hold.id AND verdict IS NULL)
          OR EXISTS (SELECT FROM alike_approval WHERE alike_approval.hold = hold.id AND alike_approval.expires_at >= $1)))
    LIMIT ${AT_ONCE})`
