import { createHash, randomBytes } from 'node:crypto'
import type { Pool } from 'pg'
import { inTransaction, rowsOf } from '../../../workflows/state/transaction.ts'

/**
 * How a Slack user becomes a person: once, by following a link that only they were shown and signing in. The link
 * carries a random code; the state database has its hash. The page that confirms it names the Slack user, so that
 * somebody else's link is recognised as such.
 */
export interface LinkRequest {
  readonly teamId: string
  readonly userId: string
}

export interface LinkRequests {
  /** @returns the code to put into the link */
  create(user: LinkRequest): Promise<string>
  find(code: string): Promise<(LinkRequest & { readonly userName: string }) | null>
  /** Uses the code up and links. @returns false when the code was no longer good */
  confirm(code: string, person: { readonly issuer: string; readonly subject: string }): Promise<boolean>
}

export interface LinkRequestsOptions {
  readonly pool: Pool
  readonly directory: {
    linkSlack(link: LinkRequest & { readonly issuer: string; readonly subject: string }): Promise<unknown>
  }
  /** As Slack shows the user to others. */
  nameOf(user: LinkRequest): Promise<string>
  readonly now: () => number
}

const GOOD_FOR_MS = 15 * 60_000

interface Row {
  readonly team_id: string
  readonly user_id: string
}

export function createLinkRequests({ pool, directory, nameOf, now }: LinkRequestsOptions): LinkRequests {
  return {
    async create({ teamId, userId }) {
      const code = randomBytes(24).toString('base64url')
      const expiresAt = new Date(now() + GOOD_FOR_MS)
      await inTransaction(pool, async (client) => {
        // One at a time for each user, and none that is past: the table stays as small as the number of people.
        await client.query('DELETE FROM slack_link_request WHERE (team_id = $1 AND user_id = $2) OR expires_at < $3', [
          teamId,
          userId,
          new Date(now()),
        ])
        await client.query(
          'INSERT INTO slack_link_request (hash, team_id, user_id, expires_at) VALUES ($1, $2, $3, $4)',
          [hashOf(code), teamId, userId, expiresAt],
        )
      })
      return code
    },

    async find(code) {
      const [row] = await rowsOf<Row>(
        pool,
        'SELECT team_id, user_id FROM slack_link_request WHERE hash = $1 AND expires_at > $2',
        [hashOf(code), new Date(now())],
      )
      if (row === undefined) return null
      const user = { teamId: row.team_id, userId: row.user_id }
      return { ...user, userName: await nameOf(user) }
    },

    async confirm(code, person) {
      const [row] = await rowsOf<Row>(
        pool,
        'DELETE FROM slack_link_request WHERE hash = $1 AND expires_at > $2 RETURNING team_id, user_id',
        [hashOf(code), new Date(now())],
      )
      if (row === undefined) return false
      await directory.linkSlack({ teamId: row.team_id, userId: row.user_id, ...person })
      return true
    },
  }
}

function hashOf(code: string): Buffer {
  return createHash('sha256').update(code).digest()
}
