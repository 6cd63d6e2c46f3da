import type { JWTPayload } from 'jose'
import { z } from 'zod'
import type { ProviderConfig } from '../../config.ts'
import { type Identity, type Principal, type Scope, scope } from '../../policies/input.ts'
import { AuthenticationError } from './errors.ts'

const GROUPS_MAX = 500

const subject = z.string().min(1).max(255)
const names = z.string().min(1).max(255)
const groups = z.array(z.string().max(255)).max(GROUPS_MAX)

/** RFC 8693, section 4.1: who acts is the outermost `act`; those inside it acted before and decide nothing. */
const actor = z.looseObject({ sub: subject, iss: z.string().optional() })

/**
 * Whom a verified token speaks of.
 *
 *   `act` present                → an agent, acting for the subject
 *   subject is the client itself → a service (client credentials, RFC 9068, section 5)
 *   otherwise                    → a person
 *
 * @throws AuthenticationError bad_credential when the token lacks what says who it is
 */
export function identityOf(payload: JWTPayload, provider: ProviderConfig): Identity {
  const expiresAt = new Date((payload.exp as number) * 1000).toISOString()
  const rest = { provenBy: 'oidc', expiresAt, ...scopesIn(payload) } as const
  if (payload.act === undefined) {
    const service = payload.client_id === payload.sub || payload.azp === payload.sub
    return { ...principalOf(payload, provider), kind: service ? 'service' : 'human', actsFor: null, ...rest }
  }
  const acting = actor.safeParse(payload.act)
  if (!acting.success) throw lacks('a usable act claim')
  // An actor of another provider could carry the name of one of this provider's.
  if (acting.data.iss !== undefined && acting.data.iss !== provider.issuer) throw lacks('an actor of its own issuer')
  return {
    ...principalOf(acting.data, provider),
    kind: 'agent',
    actsFor: principalOf(payload, provider),
    ...rest,
  }
}

/** `scope` as RFC 9068 has it, or `scp` as some providers do; names that are not ours say nothing here. */
function scopesIn({ scope: said, scp = said }: JWTPayload): { readonly scopes?: readonly Scope[] } {
  const names = typeof scp === 'string' ? scp.split(' ') : Array.isArray(scp) ? scp : []
  const ours = names.filter((name) => typeof name === 'string' && name.startsWith('holdpoint:'))
  // One that we do not know is not for what we know.
  return ours.length === 0 ? {} : { scopes: scope.options.filter((one) => ours.includes(one)) }
}

function principalOf(claims: Readonly<Record<string, unknown>>, provider: ProviderConfig): Principal {
  const { nameClaim, groupsClaim, issuer } = provider
  const sub = subject.safeParse(claims.sub)
  // Programs have no preferred_username; their subject is the name they chose when they were registered.
  const name = names.safeParse(claims[nameClaim] ?? claims.sub)
  const member = groups.safeParse(claims[groupsClaim] ?? [])
  if (!sub.success) throw lacks('a subject (sub)')
  if (!name.success || name.data.includes('\0')) throw lacks(`a usable name (${nameClaim})`)
  if (!member.success) throw lacks(`a usable list of groups (${groupsClaim})`)
  return { issuer, subject: sub.data, name: name.data, groups: member.data }
}

function lacks(what: string): AuthenticationError {
  return new AuthenticationError('bad_credential', `The token lacks ${what}.`)
}
