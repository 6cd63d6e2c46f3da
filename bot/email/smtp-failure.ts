import { EmailError } from './errors.ts'

/**
 * What a failed sending means. A server’s 5yz to the recipient or the message is final (RFC 5321, section 4.2.1); 4yz
 * is not. What concerns all mail alike, as a login that fails or a sender that is not allowed, is for whoever runs
 * Holdpoint to put right, and is tried again until they have.
 */
export interface Failure {
  readonly kind: 'refused' | 'deferred' | 'unreachable'
  readonly error: EmailError
}

interface SmtpCause {
  readonly code?: string
  readonly responseCode?: number
  readonly command?: string
}

export function failureOf(cause: unknown): Failure {
  const { code, responseCode, command } = (cause ?? {}) as SmtpCause
  // Texts of servers repeat addresses.
  const answered = responseCode === undefined ? (code ?? 'no answer') : `${responseCode} to ${command ?? 'the message'}`
  const isAboutOne = code === 'EMESSAGE' || (code === 'EENVELOPE' && command === 'RCPT TO')
  if (responseCode !== undefined && responseCode >= 500 && isAboutOne)
    return { kind: 'refused', error: new EmailError('email_refused', `The mail server said ${answered}`) }
  if (responseCode !== undefined && isAboutOne)
    return { kind: 'deferred', error: new EmailError('email_deferred', `The mail server said ${answered}, for now`) }
  return {
    kind: 'unreachable',
    error: new EmailError('email_unreachable', `Mail cannot be sent: ${answered}`, {
      hint: 'holdpoint doctor checks the connection; see email in the configuration',
    }),
  }
}
