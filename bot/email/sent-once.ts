import { createHash } from 'node:crypto'
import type { PersonKey } from '../../workflows/holds/identity-key.ts'
import type { Smtp } from '../../workflows/outbox/smtp.ts'
import type { Mail } from './hold-mail.ts'
import type { Recipient } from './recipients.ts'

/** What every mail to one person has, whatever it is about. */
export function addressed(mail: Mail, { address }: Recipient, { from, replyTo }: Pick<Smtp, 'from' | 'replyTo'>) {
  return {
    ...{ from, to: { name: '', address }, ...mail },
    ...(replyTo === null ? {} : { replyTo }),
    headers: { 'Auto-Submitted': 'auto-generated', 'X-Auto-Response-Suppress': 'All' },
    textEncoding: 'quoted-printable',
  } as const
}

/**
 * The same at every try, so that a mail that was sent twice is one to those who look.
 * @param what it is about, in characters that a Message-ID takes
 */
export function messageId(what: string, { issuer, subject }: PersonKey, from: string): string {
  const to = createHash('sha256')
    .update(JSON.stringify([issuer, subject]))
    .digest('hex')
    .slice(0, 16)
  const domain = /@([\w.-]+)>?\s*$/.exec(from)?.[1] ?? 'holdpoint.invalid'
  return `<${what}.${to}@${domain}>`
}
