import { z } from 'zod'
import type { Config } from '../config.ts'
import { type Identity, identity, principal } from '../policies/input.ts'
import { agents, type Person, people, services } from '../workflows/development/people.ts'
import { ProxyError } from './errors.ts'

const EXPIRES_AT = '9999-12-31T00:00:00Z'

/**
 * Who is asked about: one of the development identities by name, or any identity as JSON, of which name, kind and groups
 * are enough. Nothing is proven here; it only explains.
 * @throws ProxyError
 */
export function explainedIdentity(as: string, config: Config): Identity {
  const issuer = config.identity.providers[0]?.issuer ?? 'https://unknown.invalid'
  return as.trim().startsWith('{') ? fromJson(as, issuer) : developmentIdentity(as, issuer, config)
}

function developmentIdentity(name: string, issuer: string, config: Config): Identity {
  const common = { expiresAt: EXPIRES_AT, actsFor: null }
  const named = (list: readonly Person[]): Person | undefined => list.find((one) => one.name === name)
  const agent = agents.find((one) => one.name === name)
  const person = named(people)
  const service = named(services)
  if (config.mode === 'development') {
    if (person) return { ...common, ...principalOf(person, issuer), kind: 'human', provenBy: 'oidc' }
    if (service) return { ...common, ...principalOf(service, issuer), kind: 'service', provenBy: 'service_token' }
    const owner = people.find((one) => one.name === agent?.actsFor)
    if (agent && owner) {
      const actsFor = principalOf(owner, issuer)
      return { ...common, ...principalOf(agent, issuer), kind: 'agent', provenBy: 'oidc', actsFor }
    }
  }
  throw new ProxyError('identity_unknown', `There is no development identity ${name}.`, {
    hint: `Give one of ${[...people, ...agents, ...services].map((one) => one.name).join(', ')} (development only), or JSON: --as '{"name":"ana","kind":"human","groups":["engineers"]}'`,
  })
}

function principalOf({ name, groups }: Person, issuer: string) {
  return { issuer, subject: name, name, groups: [...groups] }
}

function fromJson(text: string, issuer: string): Identity {
  const person = principal.extend({ issuer: z.string().default(issuer), subject: z.string().optional() })
  const sparse = person.extend({
    kind: identity.shape.kind,
    actsFor: person.nullable().default(null),
    provenBy: identity.shape.provenBy.default('oidc'),
    expiresAt: z.string().default(EXPIRES_AT),
  })
  const parsed = sparse.safeParse(parseJson(text))
  if (!parsed.success) throw invalid(parsed.error.issues.map((issue) => issue.path.join('.') || 'identity').join(', '))
  const whole = <T extends { readonly name: string; readonly subject?: string | undefined }>(one: T) => ({
    ...one,
    subject: one.subject ?? one.name,
  })
  const { actsFor } = parsed.data
  return { ...whole(parsed.data), actsFor: actsFor === null ? null : whole(actsFor) }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw invalid('it is not JSON')
  }
}

function invalid(what: string): ProxyError {
  return new ProxyError('identity_unknown', `The identity given with --as is not valid (${what}).`, {
    hint: `As in --as '{"name":"ana","kind":"human","groups":["engineers"]}'`,
  })
}
