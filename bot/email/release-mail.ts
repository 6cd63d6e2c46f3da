import type { Pool } from 'pg'
import type { Config } from '../../config.ts'
import type { Log } from '../../log.ts'
import { openSmtp, type Smtp } from '../../workflows/outbox/smtp.ts'
import type { ReleaseAnnouncer, ReleaseNotice } from '../../workflows/releases/notices.ts'
import { line } from '../text/bounded-text.ts'
import { EmailError } from './errors.ts'
import type { Mail, MailPart } from './hold-mail.ts'
import { htmlOf } from './mail-html.ts'
import { textOf } from './mail-text.ts'
import { membersOf, type Recipient } from './recipients.ts'
import { addressed, messageId } from './sent-once.ts'
import { type Failure, failureOf } from './smtp-failure.ts'

export interface ReleaseMailParts {
  readonly config: Pick<Config, 'email' | 'releases'>
  readonly pool: Pool
  readonly log: Pick<Log, 'warn'>
}

/** Releases of the policies, to each administrator by themselves. @returns null when e-mail is not configured */
export function mailReleaseAnnouncer({ config, pool, log }: ReleaseMailParts): ReleaseAnnouncer | null {
  if (!config.email.from) return null
  const { administrators } = config.releases.github
  return {
    async announce(notice, key) {
      const people = await membersOf(pool, administrators)
      if (people.length === 0)
        throw new EmailError('email_deferred', `Nobody in ${administrators} has an address to be told at`)
      const smtp = openSmtp(config.email)
      if (smtp === null) return
      try {
        await sendAll(notice, { key, people, smtp, log })
      } finally {
        smtp.transporter.close()
      }
    },
  }
}

interface Sending {
  readonly key: string
  readonly people: readonly Recipient[]
  readonly smtp: Smtp
  readonly log: Pick<Log, 'warn'>
}

/** One address that does not work keeps nobody else from their mail. @throws EmailError when nobody could be told */
async function sendAll(notice: ReleaseNotice, { key, people, smtp, log }: Sending): Promise<void> {
  const mail = releaseMail(notice)
  const failures: Failure[] = []
  for (const person of people) {
    const { issuer, subject } = person
    const sent = smtp.transporter.sendMail({
      ...addressed(mail, person, smtp),
      messageId: messageId(key, person, smtp.from),
    })
    const failure = await sent.then(
      () => null,
      (cause: unknown) => failureOf(cause),
    )
    if (failure === null) continue
    failures.push(failure)
    log.warn({ issuer, subject, reason: failure.error.message }, 'an administrator could not be told of a release')
  }
  const [first] = failures
  if (first !== undefined && failures.length === people.length) throw first.error
}

const TITLE_MAX = 300
const LINE_MAX = 300
const LINES_MAX = 25

/** A pure function of the notice; its link opens the release in the console and decides nothing. */
export function releaseMail({ title, lines, url }: ReleaseNotice): Mail {
  const more = lines.length > LINES_MAX ? [`and ${lines.length - LINES_MAX} more`] : []
  const items = [...lines.slice(0, LINES_MAX), ...more].map((each) => [line(each, LINE_MAX)])
  const parts: readonly MailPart[] = [
    { kind: 'paragraph', spans: [{ bold: line(title, TITLE_MAX) }] },
    ...(items.length === 0 ? [] : [{ kind: 'list', title: 'What it says', items } as const]),
    ...(url === null ? [] : [{ kind: 'link', label: 'Look at it in the console', url } as const]),
    { kind: 'small', spans: ['You are told because you are one of those who can pin a release.'] },
  ]
  const subject = `Policies: ${line(title, 120)}`
  return { subject, text: textOf(parts), html: htmlOf(subject, parts) }
}
