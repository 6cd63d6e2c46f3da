import type { Pool } from 'pg'
import type { Hold } from '../../workflows/holds/hold.ts'
import type { PersonKey } from '../../workflows/holds/identity-key.ts'
import { rowsOf } from '../../workflows/state/transaction.ts'
import type { MailKind } from './hold-mail.ts'

export interface OpenMail extends PersonKey {
  readonly hold: string
}

/** Which mails have gone out, so that another try, another replica or a restart sends none twice. */
export interface SentMails {
  /** Who has got this one, or never will. */
  done(hold: string, kind: MailKind): Promise<readonly PersonKey[]>
  /** Who has got it. */
  sentTo(hold: string, kind: MailKind): Promise<readonly PersonKey[]>
  /** Who was asked about another one like it that waits still, and about which. */
  openAlike(hold: Hold): Promise<readonly OpenMail[]>
  /** The one like it that has waited longest; null: none waits. */
  nextAlike(hold: Hold): Promise<string | null>
  record(mail: {
    readonly hold: string
    readonly kind: MailKind
    readonly to: PersonKey
    readonly refused: boolean
  }): Promise<void>
}

export function createSentMails(pool: Pool, now: () => number): SentMails {
  return {
    done: (hold, kind) =>
      rowsOf<PersonKey>(pool, 'SELECT issuer, subject FROM email_message WHERE hold = $1 AND kind = $2', [hold, kind]),
    sentTo: (hold, kind) =>
      rowsOf<PersonKey>(
        pool,
        'SELECT issuer, subject FROM email_message WHERE hold = $1 AND kind = $2 AND sent_at IS NOT NULL',
        [hold, kind],
      ),
    openAlike: ({ id, gathering }) =>
      gathering === null ? Promise.resolve([]) : rowsOf<OpenMail & { hold: string }>(pool, OPEN, [id, gathering.key]),
    async nextAlike({ id, gathering }) {
      if (gathering === null) return null
      const [next] = await rowsOf<{ id: string }>(pool, NEXT, [id, gathering.key])
      return next?.id ?? null
    },
    record: async ({ hold, kind, to, refused }) => {
      await rowsOf(
        pool,
        `INSERT INTO email_message (hold, kind, issuer, subject, sent_at, refused_at)
         VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING`,
        [hold, kind, to.issuer, to.subject, refused ? null : new Date(now()), refused ? new Date(now()) : null],
      )
    },
  }
}

const OPEN = `
  SELECT hold.id AS hold, issuer, subject FROM email_message JOIN hold ON hold.id = email_message.hold
  WHERE gathering = $2 AND hold.id <> $1 AND status = 'pending' AND kind = 'asked' AND sent_at IS NOT NULL
  ORDER BY created_at, hold.id`

const NEXT = `
  SELECT id FROM hold WHERE gathering = $2 AND id <> $1 AND status = 'pending' ORDER BY created_at, id LIMIT 1`
