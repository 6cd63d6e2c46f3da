import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import PostalMime, { type Email } from 'postal-mime'
import { SMTPServer } from 'smtp-server'
import { loadCertificate } from '../../workflows/development/certificate.ts'

/** A real SMTP server that takes mail only after STARTTLS and a login, and can be told to refuse. */
export interface MailServer extends AsyncDisposable {
  readonly port: number
  /** The certificate to trust. */
  readonly ca: string
  /** As they arrived, in order. */
  readonly mails: readonly Arrived[]
  /** By recipient: answer RCPT TO with this; deleted: take it. */
  readonly refusals: Map<string, number>
  /** Answers the end of DATA with this, once for each. */
  readonly dataRefusals: number[]
}

export interface Arrived {
  readonly from: string
  readonly to: readonly string[]
  readonly raw: string
  readonly mail: Email
}

export const LOGIN = { user: 'holdpoint', password: 'mail-secret' }

export async function startMailServer({
  implicitTls = false,
  startTls = true,
  host = '127.0.0.1',
} = {}): Promise<MailServer> {
  const folder = mkdtempSync(join(tmpdir(), 'holdpoint-mail-'))
  const certificate = await loadCertificate(folder, Date.now)
  const mails: Arrived[] = []
  const refusals = new Map<string, number>()
  const dataRefusals: number[] = []
  const server = new SMTPServer({
    secure: implicitTls,
    key: readFileSync(certificate.key),
    cert: readFileSync(certificate.cert),
    authMethods: ['PLAIN'],
    authOptional: !startTls,
    hideSTARTTLS: !startTls,
    allowInsecureAuth: false,
    disabledCommands: startTls ? [] : ['STARTTLS', 'AUTH'],
    onAuth: ({ username, password }, _session, done) =>
      username === LOGIN.user && password === LOGIN.password
        ? done(null, { user: username })
        : done(new Error('Invalid username or password')),
    onRcptTo: ({ address }, _session, done) => done(refusal(refusals.get(address))),
    onData: (stream, session, done) => {
      const chunks: Buffer[] = []
      stream.on('data', (chunk: Buffer) => void chunks.push(chunk))
      stream.on('end', () => {
        const refused = dataRefusals.shift()
        if (refused !== undefined) return done(refusal(refused))
        const raw = Buffer.concat(chunks).toString('utf8')
        const { mailFrom, rcptTo } = session.envelope
        PostalMime.parse(raw).then((mail) => {
          mails.push({
            from: mailFrom === false ? '' : mailFrom.address,
            to: rcptTo.map(({ address }) => address),
            raw,
            mail,
          })
          done()
        }, done)
      })
    },
  })
  server.on('error', () => undefined) // a client that goes away
  await new Promise<void>((resolve) => void server.listen(0, host, resolve))
  return {
    port: (server.server.address() as AddressInfo).port,
    ca: certificate.cert,
    mails,
    refusals,
    dataRefusals,
    async [Symbol.asyncDispose]() {
      await new Promise<void>((resolve) => server.close(() => resolve()))
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

function refusal(code: number | undefined): Error | null {
  return code === undefined ? null : Object.assign(new Error('not now, or not at all'), { responseCode: code })
}
