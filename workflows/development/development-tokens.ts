import { importJWK, SignJWT } from 'jose'
import { DevelopmentError } from './errors.ts'
import { agents, claimsOf, type Person, personNamed } from './people.ts'
import type { ProviderKeys } from './provider-keys.ts'

/** Access tokens (RFC 9068) as the development provider would issue them, without the clicking. */
export const AUDIENCE = 'holdpoint'
export const TOKEN_HOURS = 12

export interface MintOptions {
  readonly issuer: string
  readonly keys: ProviderKeys
  readonly now: () => number
  /** What it is for, see policies/scopes.ts. */
  readonly scope?: string
}

/** @param name a person, or an agent, whose token then has the person as subject and the agent as `act` */
export async function mintToken(name: string, { issuer, keys, now, scope = 'openid' }: MintOptions): Promise<string> {
  const seconds = Math.floor(now() / 1000)
  return new SignJWT({ ...claimsFor(name), client_id: 'holdpoint-development', scope })
    .setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', kid: keys.signing.kid })
    .setIssuer(issuer)
    .setAudience(AUDIENCE)
    .setIssuedAt(seconds)
    .setExpirationTime(seconds + TOKEN_HOURS * 3600)
    .setJti(crypto.randomUUID())
    .sign(await importJWK(keys.signing, 'ES256'))
}

function claimsFor(name: string): Record<string, unknown> {
  const agent = agents.find((one) => one.name === name)
  const person = personNamed(agent?.actsFor ?? name)
  if (person === undefined)
    throw new DevelopmentError('not_development', `Nobody called ${name} lives in the development identity provider.`, {
      hint: 'Its people are ana, ben and cleo; report-bot acts for ana',
    })
  return agent === undefined ? claimsOf(person) : { ...claimsOf(person), act: actor(agent) }
}

function actor(agent: Person): Record<string, unknown> {
  const { sub, preferred_username, groups } = claimsOf(agent)
  return { sub, preferred_username, groups }
}
