import type { Pool } from 'pg'
import type { Log } from '../../log.ts'
import { askerBackgroundOf } from '../../workflows/holds/background.ts'
import type { Hold, Holds } from '../../workflows/holds/hold.ts'
import { type PersonKey, samePerson } from '../../workflows/holds/identity-key.ts'
import type { NoticeDelivery } from '../../workflows/outbox/delivery.ts'
import type { Smtp } from '../../workflows/outbox/smtp.ts'
import { ruleSourceOf } from '../../workflows/releases/rule-source.ts'
import type { EmailError } from './errors.ts'
import { holdMail, type MailKind } from './hold-mail.ts'
import { peopleWith, type Recipient, reviewersOf } from './recipients.ts'
import type { SentMails } from './sent-mails.ts'
import { addressed, messageId } from './sent-once.ts'
import { type Failure, failureOf } from './smtp-failure.ts'

export interface MailDeliveryOptions {
  readonly smtp: Smtp
  readonly sent: SentMails
  readonly pool: Pool
  readonly holds: Pick<Holds, 'find'>
  readonly holdUrl: (hold: string) => string
  readonly log: Pick<Log, 'warn' | 'error'>
  readonly now: () => number
}

/**
 * Tells reviewers by mail: once that they are asked, and once how it ended, in one thread for each of them,
 * which those that differ in constants only share. Why it is
 * called does not matter but for reminders; what is missing is sent, to each person by themselves, so that one address
 * that does not work keeps nobody else from their mail and nobody sees who else is asked.
 *
 *   pending ──▶ asked: everybody who may answer now and was not asked yet; reminded: when that is the reason
 *   others alike wait ──▶ once, that there are more; each of them is asked about when that one is settled
 *   asked anew ──▶ everybody who was asked: which hold has taken its place
 *   settled ──▶ everybody who was asked; when the glass was broken, everybody who may review it
 */
export function createMailDelivery(options: MailDeliveryOptions): NoticeDelivery {
  const { sent, pool, holds } = options
  return {
    name: 'email',
    async deliver(given, reason) {
      const hold = (await holds.find(given.id)) ?? given
      const asked = await sent.sentTo(hold.id, 'asked')
      if (hold.status === 'pending') {
        const reviewers = await reviewersOf(pool, hold, new Date(options.now()))
        if (reason === 'reminded') await sendAll(hold, 'reminded', among(reviewers, asked), options)
        return askAbout(hold, reviewers, options)
      }
      // Who has to review it may not have been asked: nobody waited for them.
      const reviewers = hold.brokenGlass === null ? [] : await reviewersOf(pool, hold, new Date(options.now()))
      if (reason === 'review_overdue') await sendAll(hold, 'reminded', reviewers, options)
      const others = (await peopleWith(pool, asked)).filter((one) => !reviewers.some((it) => samePerson(it, one)))
      await sendAll(hold, reason === 'asked_anew' ? 'anew' : 'settled', [...reviewers, ...others], options)
      const next = await sent.nextAlike(hold)
      const waiting = next === null ? null : await holds.find(next)
      if (waiting?.status !== 'pending') return
      await askAbout(waiting, await reviewersOf(pool, waiting, new Date(options.now())), options)
    },
  }
}

/** A hundred alike are a hundred requests, and for each reviewer one mail at a time. */
async function askAbout(hold: Hold, reviewers: readonly Recipient[], options: MailDeliveryOptions): Promise<void> {
  const { sent, holds } = options
  const open = await sent.openAlike(hold)
  const openFor = (person: PersonKey) => open.find((one) => samePerson(one, person))
  for (const [id, people] of Map.groupBy(reviewers, (person) => openFor(person)?.hold ?? hold.id)) {
    const about = id === hold.id ? hold : await holds.find(id)
    if (about !== null) await sendAll(about, id === hold.id ? 'asked' : 'more', people, options)
  }
}

/** @throws EmailError when some of it has to be tried again */
async function sendAll(
  hold: Hold,
  kind: MailKind,
  people: readonly Recipient[],
  options: MailDeliveryOptions,
): Promise<void> {
  const done = await options.sent.done(hold.id, kind)
  let later: EmailError | null = null
  let refused: EmailError | null = null
  let reached = done.length
  for (const person of people) {
    if (done.some((one) => samePerson(one, person))) continue
    const failure = await send(hold, kind, person, options)
    if (failure?.kind === 'unreachable') throw failure.error
    if (failure?.kind === 'deferred') later = failure.error
    if (failure?.kind === 'refused') {
      note(hold, person, failure, options)
      refused = failure.error
    }
    if (failure === null) reached++
    if (failure === null || failure.kind === 'refused')
      await options.sent.record({ hold: hold.id, kind, to: person, refused: failure !== null })
  }
  if (later !== null) throw later
  if (reached === 0 && refused !== null) throw refused
}

function note({ id }: Hold, { issuer, subject }: Recipient, { error }: Failure, { log }: MailDeliveryOptions): void {
  const about = { hold: id, issuer, subject, reason: error.message }
  log.warn(about, 'a reviewer’s mail server does not take mail for them; they are not told by mail')
}

async function send(
  hold: Hold,
  kind: MailKind,
  person: Recipient,
  { smtp, holdUrl, pool }: MailDeliveryOptions,
): Promise<Failure | null> {
  const about = await askerBackgroundOf(pool, hold)
  const source = await ruleSourceOf(pool, hold.policyDigest)
  const mail = holdMail(hold, kind, { url: holdUrl(hold.id), about, source })
  const asked = messageId(`${hold.id}.asked`, person, smtp.from)
  const thread = hold.gathering === null ? [] : [messageId(`${hold.gathering.key}.thread`, person, smtp.from)]
  const references = kind === 'asked' ? thread : [...thread, asked]
  try {
    await smtp.transporter.sendMail({
      ...addressed(mail, person, smtp),
      messageId: messageId(`${hold.id}.${kind}`, person, smtp.from),
      ...(references.length === 0 ? {} : { inReplyTo: references.at(-1) ?? asked, references }),
    })
    return null
  } catch (cause) {
    return failureOf(cause)
  }
}

function among(people: readonly Recipient[], keys: readonly PersonKey[]): readonly Recipient[] {
  return people.filter((person) => keys.some((key) => samePerson(key, person)))
}
