import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import type { Pool } from 'pg'
import { rowsOf } from '../../workflows/state/transaction.ts'

/**
 * Who is signed in, in the state database, so that a restart or another replica keeps people signed in. A row holds
 * only the hash of the cookie's value: reading the table signs nobody in.
 */
export interface ConsoleSession {
  readonly issuer: string
  readonly subject: string
  /** Milliseconds since 1970. */
  readonly expiresAt: number
}

export interface SessionStore {
  /** @returns the cookie's value, known to the browser alone */
  begin(who: { readonly issuer: string; readonly subject: string }): Promise<string>
  find(id: string): Promise<ConsoleSession | null>
  end(id: string): Promise<void>
}

export const SESSION_MS = 12 * 60 * 60_000
export const SESSION_IDLE_MS = 2 * 60 * 60_000
/** How much idleness goes unnoticed, so that a busy page does not write a row at every request. */
const SEEN_EVERY_MS = 5 * 60_000
const SESSIONS_PER_PERSON_MAX = 20

export function createSessionStore(pool: Pool, now: () => number): SessionStore {
  return {
    begin: async ({ issuer, subject }) => {
      const id = randomBytes(32).toString('base64url')
      const at = now()
      await rowsOf(
        pool,
        `INSERT INTO console_session (id_hash, issuer, subject, created_at, seen_at, expires_at)
         VALUES ($1, $2, $3, $4, $4, $5)`,
        [hashOf(id), issuer, subject, new Date(at), new Date(at + SESSION_MS)],
      )
      await tidy(pool, issuer, subject, at)
      return id
    },
    find: async (id) => {
      const at = now()
      const rows = await rowsOf<{ issuer: string; subject: string; seen_at: Date; expires_at: Date }>(
        pool,
        `SELECT issuer, subject, seen_at, expires_at FROM console_session
         WHERE id_hash = $1 AND expires_at > $2 AND seen_at > $3`,
        [hashOf(id), new Date(at), new Date(at - SESSION_IDLE_MS)],
      )
      const row = rows[0]
      if (row === undefined) return null
      if (at - row.seen_at.getTime() > SEEN_EVERY_MS)
        await rowsOf(pool, 'UPDATE console_session SET seen_at = $2 WHERE id_hash = $1', [hashOf(id), new Date(at)])
      return { issuer: row.issuer, subject: row.subject, expiresAt: row.expires_at.getTime() }
    },
    end: async (id) => {
      await rowsOf(pool, 'DELETE FROM console_session WHERE id_hash = $1', [hashOf(id)])
    },
  }
}

/** Sent back in a header with every write: a page of another site can cause the cookie to be sent but not read this. */
export function csrfTokenOf(sessionId: string): string {
  return createHash('sha256').update('holdpoint csrf\0').update(sessionId).digest('base64url')
}

export function isCsrfTokenOf(sessionId: string, token: string): boolean {
  const expected = Buffer.from(csrfTokenOf(sessionId))
  const given = Buffer.from(token)
  return given.length === expected.length && timingSafeEqual(given, expected)
}

function hashOf(id: string): Buffer {
  return createHash('sha256').update(id).digest()
}

async function tidy(pool: Pool, issuer: string, subject: string, at: number): Promise<void> {
  await rowsOf(
    pool,
    `DELETE FROM console_session WHERE expires_at <= $3 OR id_hash IN (
       SELECT id_hash FROM console_session WHERE issuer = $1 AND subject = $2
       ORDER BY created_at DESC OFFSET $4)`,
    [issuer, subject, new Date(at), SESSIONS_PER_PERSON_MAX],
  )
}
