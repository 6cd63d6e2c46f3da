import type { FastifyRequest } from 'fastify'
import { bearerToken, isAboutToken } from '../../bearer-token.ts'
import type { Identity, Principal, Scope } from '../../policies/input.ts'
import { awayFor } from '../../workflows/directory/delegations.ts'
import { type Owned, ownedBy } from '../../workflows/directory/owned.ts'
import type { Member } from '../../workflows/holds/standing.ts'
import { ConsoleError } from './errors.ts'
import type { ConsoleParts } from './parts.ts'
import type { SessionStore } from './sessions.ts'

/** Who looks at the console, established anew for every request. */
export interface Viewer {
  readonly kind: Identity['kind']
  readonly person: Principal
  readonly actsFor: Principal | null
  /** What the bearer token is for; absent: all, as for whoever is signed in. */
  readonly scopes?: readonly Scope[]
  /** Who is away and lets this person answer for them. */
  readonly insteadOf: readonly Member[]
  /** What of this person, and of those who are away, asks for things: nobody answers for their own. */
  readonly owned: readonly Owned[]
  /** The moment at which their rights are judged. */
  readonly at: Date
  readonly via: 'console' | 'command_line'
  /** The cookie's value; null for a bearer token, which a browser never sends by itself. */
  readonly sessionId: string | null
  /** Milliseconds since 1970. */
  readonly expiresAt: number
}

/** The same with the proof of who it is. */
export interface ProvenViewer extends Viewer {
  /** As the policy would be shown them. */
  readonly identity: Identity
}

export interface ViewerSources extends Pick<ConsoleParts, 'authenticateToken' | 'directory' | 'pool' | 'now'> {
  readonly sessions: SessionStore
  readonly cookieName: () => string
}

/** @throws ConsoleError unauthenticated or session_expired */
export async function viewerOf(request: FastifyRequest, sources: ViewerSources): Promise<ProvenViewer> {
  const { authorization } = request.headers
  if (authorization !== undefined) return bearer(authorization, request.ip, sources)
  const sessionId = request.cookies[sources.cookieName()]
  if (sessionId === undefined || sessionId === '')
    throw new ConsoleError('unauthenticated', 'Sign in, or send a token as Authorization: Bearer …')
  return signedIn(sessionId, sources)
}

async function bearer(authorization: string, from: string, sources: ViewerSources): Promise<ProvenViewer> {
  const token = bearerToken(authorization)
  if (token === undefined)
    throw new ConsoleError('unauthenticated', 'The Authorization header must be: Bearer, a space, and a token.')
  const identity = await sources.authenticateToken(token, from).catch((cause: unknown) => {
    if (isAboutToken(cause)) throw new ConsoleError('unauthenticated', cause.message, { cause })
    throw cause
  })
  const { kind, actsFor, issuer, subject, name, groups, scopes } = identity
  const person = { issuer, subject, name, groups }
  const at = new Date(sources.now())
  const insteadOf = await awayFor(sources.pool, person, at)
  const owned = await ownedBy(sources.pool, [person, ...insteadOf])
  const expiresAt = Date.parse(identity.expiresAt)
  const proven = { kind, person, actsFor, identity, ...(scopes === undefined ? {} : { scopes }) }
  return { ...proven, insteadOf, owned, at, via: 'command_line', sessionId: null, expiresAt }
}

/** The directory is asked every time: someone who was deactivated or left a group notices at the next request. */
async function signedIn(sessionId: string, { sessions, directory, pool, now }: ViewerSources): Promise<ProvenViewer> {
  const session = await sessions.find(sessionId)
  if (session === null) throw new ConsoleError('session_expired', 'Your session has ended. Sign in again.')
  const person = await directory.person(session.issuer, session.subject)
  if (person === null || !person.active) {
    await sessions.end(sessionId)
    throw new ConsoleError('session_expired', 'Your account is no longer active here.')
  }
  const { issuer, subject, name, groups } = person
  const { expiresAt } = session
  const at = new Date(now())
  const insteadOf = await awayFor(pool, person, at)
  return {
    kind: person.kind,
    person: { issuer, subject, name, groups },
    actsFor: null,
    identity: {
      ...{ issuer, subject, name, groups, kind: person.kind, actsFor: null },
      provenBy: 'oidc',
      expiresAt: new Date(expiresAt).toISOString(),
    },
    insteadOf,
    owned: await ownedBy(pool, [person, ...insteadOf]),
    at,
    via: 'console',
    sessionId,
    expiresAt,
  }
}
