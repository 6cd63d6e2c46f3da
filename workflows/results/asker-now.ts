import type { Identity, Principal } from '../../policies/input.ts'
import type { Directory } from '../directory/directory.ts'
import type { ServiceTokens } from '../directory/service-tokens.ts'

/**
 * Who asked, as they are now: a deferred statement runs as its asker, long after the asker's token was looked at. What
 * would end an open session keeps it from running: the token's own time, an account that was deactivated, a service
 * token that was revoked. The groups of people are those that the directory has by now.
 */
export type AskerNow = { readonly identity: Identity } | { readonly why: string }

export interface AskerSources {
  readonly directory: Pick<Directory, 'person'>
  readonly serviceTokens: Pick<ServiceTokens, 'list'>
  readonly now: () => number
}

export async function askerNow(asker: Identity, sources: AskerSources): Promise<AskerNow> {
  if (!(Date.parse(asker.expiresAt) > sources.now())) {
    return { why: 'The credential that it was asked with has expired. Send it again with a new one: it is approved.' }
  }
  if (asker.provenBy === 'service_token' && !(await hasToken(asker, sources))) {
    return { why: 'The service token that it was asked with is no longer good.' }
  }
  const known = await sources.directory.person(asker.issuer, asker.subject)
  if (known?.active === false) return { why: 'The account that asked is deactivated.' }
  const { actsFor } = asker
  if (actsFor === null) return { identity: asker.kind === 'human' ? asNow(asker, known) : asker }
  const person = await sources.directory.person(actsFor.issuer, actsFor.subject)
  if (person?.active === false) return { why: 'The account of the person it was asked for is deactivated.' }
  return { identity: { ...asker, actsFor: asNow(actsFor, person) } }
}

function asNow<P extends Principal>(principal: P, known: Principal | null): P {
  return known === null ? principal : { ...principal, groups: [...known.groups] }
}

async function hasToken({ subject, kind }: Identity, { serviceTokens, now }: AskerSources): Promise<boolean> {
  const tokens = await serviceTokens.list()
  return tokens.some(
    (token) =>
      token.name === subject && token.kind === kind && token.revokedAt === null && token.expiresAt.getTime() > now(),
  )
}
