import type { FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { Routes } from '../../http-schemas.ts'
import type { ConsoleAddress } from './address.ts'
import { ConsoleError } from './errors.ts'
import type { IdentityProvider } from './identity-provider.ts'
import { ownPath } from './own-path.ts'
import type { ConsoleParts } from './parts.ts'
import { SIGN_IN_SECONDS, type TransactionSeal } from './sealed-cookie.ts'
import { SESSION_MS, type SessionStore } from './sessions.ts'

const start = z.object({ return_to: z.string().max(2_000).optional(), switch: z.literal('1').optional() })

export interface SignInOptions {
  readonly address: ConsoleAddress
  readonly provider: IdentityProvider
  readonly seal: TransactionSeal
  readonly sessions: SessionStore
  readonly directory: ConsoleParts['directory']
}

export function signInRoutes(options: SignInOptions): Routes {
  const { address, provider, seal } = options
  return async (fastify) => {
    const slowly = { rateLimit: { max: 60, timeWindow: '1 minute' } }

    fastify.get('/sign-in', { schema: { querystring: start }, config: slowly }, async (request, reply) => {
      // The cookie set here must come back to the address that the provider redirects to, which may be another name.
      if (request.host !== new URL(address.origin()).host) return reply.redirect(address.origin() + request.url)
      try {
        const { url, transaction } = await provider.begin({
          redirectUri: `${address.origin()}/sign-in/callback`,
          returnTo: ownPath(request.query.return_to),
          switchPerson: request.query.switch === '1',
        })
        setSignInCookie(reply, address, await seal.seal(transaction))
        return reply.redirect(url.href)
      } catch (error) {
        return refuse(request, reply, error)
      }
    })

    fastify.get('/sign-in/callback', { config: slowly }, async (request, reply) => {
      reply.clearCookie(address.cookieName('sign_in'), { path: '/' })
      try {
        return await finish(options, request, reply)
      } catch (error) {
        return refuse(request, reply, error)
      }
    })
  }
}

async function finish(options: SignInOptions, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const { address, provider, seal, sessions, directory } = options
  const transaction = await seal.open(request.cookies[address.cookieName('sign_in')] ?? '')
  if (transaction === null) throw new ConsoleError('sign_in_expired', 'Signing in took too long or began elsewhere.')
  const person = await provider.finish({ currentUrl: new URL(request.url, address.origin()), transaction })
  await directory.upsert(person)
  const known = await directory.person(person.issuer, person.subject)
  if (known === null || !known.active) throw new ConsoleError('sign_in_refused', 'Your account is not active here.')
  const previous = request.cookies[address.cookieName('session')]
  if (previous !== undefined) await sessions.end(previous)
  reply.setCookie(address.cookieName('session'), await sessions.begin(person), {
    path: '/',
    httpOnly: true,
    sameSite: 'lax',
    secure: address.secure(),
    maxAge: SESSION_MS / 1_000,
  })
  request.log.info({ subject: person.subject, issuer: person.issuer }, 'signed in')
  return reply.redirect(address.origin() + transaction.returnTo)
}

/** People are in the middle of a navigation here: they get the signed-out page with one sentence, not JSON. */
function refuse(request: FastifyRequest, reply: FastifyReply, error: unknown): FastifyReply {
  const code = error instanceof ConsoleError ? error.code : 'sign_in_failed'
  // Causes of the client library hold claims and parameters; their message does not.
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
  request.log.warn({ code, reason: cause instanceof Error ? cause.message : 'unknown' }, 'sign-in failed')
  return reply.redirect(`/?problem=${code}`)
}

function setSignInCookie(reply: FastifyReply, address: ConsoleAddress, value: string): void {
  reply.setCookie(address.cookieName('sign_in'), value, {
    path: '/',
    httpOnly: true,
    sameSite: 'lax',
    secure: address.secure(),
    maxAge: SIGN_IN_SECONDS,
  })
}
