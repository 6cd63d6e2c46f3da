import { HoldpointError } from './errors.ts'

/** A bearer token as every door takes it (RFC 6750, section 2.1). */
export function bearerToken(authorization: string | undefined): string | undefined {
  return /^Bearer ([\x21-\x7e]+)$/i.exec(authorization ?? '')?.[1]
}

/** About no credential: it was not looked at. */
const OURS: ReadonlySet<string> = new Set(['unavailable', 'too_many_failures'])

/** Whether what the authenticator threw says that the token is no good, and not that nobody could look at it. */
export function isAboutToken(cause: unknown): cause is HoldpointError {
  return cause instanceof HoldpointError && !OURS.has(cause.code)
}
