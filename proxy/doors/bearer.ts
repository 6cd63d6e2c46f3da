import type { FastifyReply, FastifyRequest } from 'fastify'
import { bearerToken, isAboutToken } from '../../bearer-token.ts'
import type { Identity } from '../../policies/input.ts'
import { DoorError } from './errors.ts'

/**
 * Who asks: a bearer token (RFC 6750), verified as the wire verifies its password, anew for every request. Whoever has
 * none is told where to get one (RFC 9728).
 */
export interface Bearers {
  /** @throws DoorError unauthenticated, or what the authenticator throws when it cannot tell */
  identityOf(request: FastifyRequest): Promise<Identity>
  /** @param problem what is wrong with the one that was sent, as RFC 6750 has it; null: there was none */
  challenge(reply: FastifyReply, problem: string | null): void
}

export interface BearerOptions {
  readonly authenticateToken: (token: string, from: string) => Promise<Identity>
  /** Of the protected resource metadata. */
  readonly metadataUrl: () => string
}

export function createBearers({ authenticateToken, metadataUrl }: BearerOptions): Bearers {
  return {
    async identityOf({ headers: { authorization }, ip }) {
      const token = bearerToken(authorization)
      if (token === undefined) {
        throw new DoorError('unauthenticated', 'Send a token as Authorization: Bearer, a space, and the token')
      }
      return authenticateToken(token, ip).catch((cause: unknown) => {
        if (!isAboutToken(cause)) throw cause
        throw new DoorError('unauthenticated', cause.message, { cause })
      })
    },
    challenge(reply, problem) {
      const error = problem === null ? '' : `, ${problem}`
      reply.header('www-authenticate', `Bearer realm="holdpoint", resource_metadata="${metadataUrl()}"${error}`)
    },
  }
}
