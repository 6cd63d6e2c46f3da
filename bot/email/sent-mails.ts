import type { Pool } from 'pg'
import type { PersonKey } from '../../workflows/holds/identity-key.ts'
import { rowsOf } from '../../workflows/state/transaction.ts'
import type { MailKind } from './hold-mail.ts'

/** Which mails have gone out, so that another try, another replica or a restart sends none twice. */
export interface SentMails {
  /** Who has got this one, or never will. */
  done(hold: string, kind: MailKind): Promise<readonly PersonKey[]>
  /** Who has got it. */
  sentTo(hold: string, kind: MailKind): Promise<readonly PersonKey[]>
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
