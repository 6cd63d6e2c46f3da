import { writeNotices, writeTrail } from '../outbox/outbox.ts'
import { type Queryable, rowsOf } from '../state/transaction.ts'
import type { Vote } from './hold.ts'
import type { PersonKey } from './identity-key.ts'

/** What people say about a hold while they make up their minds. It decides nothing, and it is on record. */
export interface Comment {
  /** null: said by somebody who is not known here, under a name that proves nothing. */
  readonly author: PersonKey | null
  readonly name: string
  readonly text: string
  readonly via: Vote['via']
  readonly at: string
}

export interface NewComment extends Comment {
  readonly hold: string
  /** Where it was said; the same there again is the same comment. */
  readonly id: string
}

export const COMMENT_CHARACTERS_MAX = 2_000
/** Beyond it people should talk somewhere else; the record of a hold is not a forum. */
export const COMMENTS_MAX = 200

/**
 * Writes it down with its record and its notices, inside the caller's transaction.
 *
 * @returns the notices to announce; null when it was there already, or there are too many
 */
export async function addComment(client: Queryable, comment: NewComment): Promise<readonly string[] | null> {
  const { hold, id, author, via } = comment
  const at = new Date(comment.at)
  const text = comment.text.replaceAll('\0', '\uFFFD').slice(0, COMMENT_CHARACTERS_MAX).toWellFormed()
  const name = comment.name.replaceAll('\0', '\uFFFD').slice(0, 200).toWellFormed()
  const rows = await rowsOf(
    client,
    `INSERT INTO hold_comment (id, hold, issuer, subject, name, text, via, at)
     SELECT $1, $2, $3, $4, $5, $6, $7, $8 WHERE (SELECT count(*) FROM hold_comment WHERE hold = $2) < $9
     ON CONFLICT DO NOTHING RETURNING id`,
    [id, hold, author?.issuer ?? null, author?.subject ?? null, name, text, via, at, COMMENTS_MAX],
  )
  if (rows.length === 0) return null
  await writeTrail(client, at, 'hold.commented', { hold, author, name, text, via })
  return writeNotices(client, { hold, reason: 'commented', at })
}

interface Row {
  readonly issuer: string | null
  readonly subject: string | null
  readonly name: string
  readonly text: string
  readonly via: Vote['via']
  readonly at: Date
}

/** Oldest first. */
export async function commentsOf(on: Queryable, hold: string): Promise<readonly Comment[]> {
  const rows = await rowsOf<Row>(
    on,
    'SELECT issuer, subject, name, text, via, at FROM hold_comment WHERE hold = $1 ORDER BY number',
    [hold],
  )
  return rows.map(({ issuer, subject, name, text, via, at }) => ({
    author: issuer === null || subject === null ? null : { issuer, subject },
    ...{ name, text, via, at: at.toISOString() },
  }))
}
