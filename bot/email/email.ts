import type { Pool } from 'pg'
import type { Config } from '../../config.ts'
import type { Log } from '../../log.ts'
import type { Holds } from '../../workflows/holds/hold.ts'
import type { NoticeDelivery } from '../../workflows/outbox/delivery.ts'
import { openSmtp } from '../../workflows/outbox/smtp.ts'
import { createMailDelivery } from './delivery.ts'
import { createSentMails } from './sent-mails.ts'

export interface EmailParts {
  readonly config: Pick<Config, 'email'>
  readonly holds: Pick<Holds, 'find'>
  readonly pool: Pool
  /** Where the console is, for links. */
  readonly consoleUrl: () => string
  readonly log: Log
  readonly now: () => number
}

export interface Email {
  readonly delivery: NoticeDelivery
  close(): void
}

/**
 * @returns null when e-mail is not configured
 * @throws SmtpError when it is half configured
 */
export function createEmail({ config, holds, pool, consoleUrl, log, now }: EmailParts): Email | null {
  const smtp = openSmtp(config.email)
  if (smtp === null) return null
  const holdUrl = (hold: string): string => new URL(`/holds/${encodeURIComponent(hold)}`, consoleUrl()).href
  const sent = createSentMails(pool, now)
  return {
    delivery: createMailDelivery({ smtp, sent, pool, holds, holdUrl, log, now }),
    close: () => smtp.transporter.close(),
  }
}
