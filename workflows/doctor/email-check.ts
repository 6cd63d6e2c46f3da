import type { Config } from '../../config.ts'
import { openSmtp } from '../outbox/smtp.ts'
import { type Check, ok, reason, wrong } from './check.ts'

/** Connects as mail is sent: with the same encryption and login, and sends nothing. */
export const emailCheck =
  ({ email }: Config): Check =>
  async () => {
    const smtp = openSmtp(email)
    if (smtp === null) return ok('e-mail', 'is not configured')
    const subject = `e-mail by ${smtp.server}`
    try {
      await smtp.transporter.verify()
      return ok(subject, `lets us in; mails come from ${smtp.from}`)
    } catch (error) {
      return wrong(
        subject,
        reason(error),
        'Check email: host, port, secure, user and password, and ca for a certificate of your own',
      )
    } finally {
      smtp.transporter.close()
    }
  }
