import { readFileSync } from 'node:fs'
import { createTransport, type Transporter } from 'nodemailer'
import type SMTPPool from 'nodemailer/lib/smtp-pool'
import type { Config } from '../../config.ts'
import { HoldpointError } from '../../errors.ts'

/** How mail is sent, for those who send it and for the doctor, who only knocks. */
export class SmtpError extends HoldpointError {
  readonly code = 'email_not_configured'
}

export interface Smtp {
  readonly transporter: Transporter<SMTPPool.SentMessageInfo, SMTPPool.Options>
  /** host:port, for people. */
  readonly server: string
  readonly from: string
  readonly replyTo: string | null
}

const CONNECTIONS_MAX = 2
const TIMEOUT_MS = 15_000

/**
 * @returns null when mail is not configured
 * @throws SmtpError when it is half configured
 */
export function openSmtp(email: Config['email']): Smtp | null {
  const settings = settingsOf(email)
  if (settings === null) return null
  const { host, port, secure, user, password } = settings
  const transporter = createTransport({
    pool: true,
    host,
    port,
    secure,
    // A password, and who asks for what, do not travel in the clear; on this machine they do not travel.
    requireTLS: !secure && !isLoopback(host),
    maxConnections: CONNECTIONS_MAX,
    connectionTimeout: TIMEOUT_MS,
    greetingTimeout: TIMEOUT_MS,
    socketTimeout: TIMEOUT_MS,
    disableFileAccess: true,
    disableUrlAccess: true,
    tls: email.ca === undefined ? {} : { ca: readFileSync(email.ca) },
    ...(user === undefined ? {} : { auth: { user, pass: password ?? '' } }),
  })
  return { transporter, server: `${host}:${port}`, from: settings.from, replyTo: email.replyTo ?? null }
}

interface Settings {
  readonly host: string
  readonly port: number
  readonly secure: boolean
  readonly user: string | undefined
  readonly password: string | undefined
  readonly from: string
}

function settingsOf({ url, host, port, secure, user, password, from }: Config['email']): Settings | null {
  if (!url && !host && !from) return null
  if (!from || (!url && !host))
    throw new SmtpError('E-mail is only half configured', {
      hint: 'Set email.from and either email.url or email.host, or none of them',
    })
  if (!url) return { host: host as string, port: port ?? (secure ? 465 : 587), secure, user, password, from }
  const given = new URL(url)
  const implicit = given.protocol === 'smtps:'
  return {
    host: given.hostname,
    port: given.port === '' ? (implicit ? 465 : 587) : Number(given.port),
    secure: implicit,
    user: given.username === '' ? user : decodeURIComponent(given.username),
    password: given.password === '' ? password : decodeURIComponent(given.password),
    from,
  }
}

const isLoopback = (host: string): boolean => ['127.0.0.1', '::1', '[::1]', 'localhost'].includes(host)
