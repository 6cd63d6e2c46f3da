import type { ProviderConfig, TargetConfig } from '../../config.ts'
import type { Log } from '../../log.ts'
import type { Identity, Principal } from '../../policies/input.ts'
import { isFor } from '../../policies/scopes.ts'
import { AuthenticationError } from './errors.ts'
import { FAILURES_PER_MINUTE, watchFailures } from './failures.ts'
import { createProvider, type Provider } from './provider.ts'
import { findTarget } from './targets.ts'
import { looksLikeJwt, verifyToken } from './verify-token.ts'

/** Who is asking, at every door: the wire's password and HTTP's bearer token are the same thing. */
export interface Authenticator {
  /**
   * @param from the address it came from, by which failures are counted; left out: they are not
   * @throws AuthenticationError
   */
  authenticateToken(token: string, from?: string): Promise<Identity>
  /** @throws AuthenticationError */
  authenticate(credential: Credential): Promise<{ readonly identity: Identity; readonly target: TargetConfig }>
}

export interface Credential {
  readonly user: string
  readonly password: string
  readonly database: string
  readonly client: string
  readonly tls: boolean
}

export interface AuthenticatorOptions {
  readonly providers: readonly ProviderConfig[]
  readonly targets: readonly TargetConfig[]
  readonly directory: KnownPeople
  readonly serviceTokens: { verify(token: string): Promise<Identity | null> }
  /** From one address; then nothing new is looked at for a while. */
  readonly failuresPerMinute?: number
  /** A token that names no scope of ours is for nothing, instead of for all that its bearer may. */
  readonly scopesRequired?: boolean
  readonly log: Log
  readonly now: () => number
}

/** The directory, as far as this needs it. */
export interface KnownPeople {
  person(issuer: string, subject: string): Promise<(Principal & Known) | null>
  upsert(person: Principal & { readonly email: string | null; readonly kind: 'human' }): Promise<unknown>
}

interface Known {
  readonly active: boolean
  readonly email: string | null
}

export function createAuthenticator(options: AuthenticatorOptions): Authenticator {
  const { directory, log, now, serviceTokens, targets } = options
  const { failuresPerMinute: perMinute = FAILURES_PER_MINUTE, scopesRequired = false } = options
  const failures = watchFailures({ perMinute, now })
  const providers: ReadonlyMap<string, Provider> = new Map(
    options.providers.map((config) => [config.issuer, createProvider(config, log, now)]),
  )

  async function proven(token: string): Promise<Identity> {
    const identity = await whose(token)
    return scopesRequired && identity.scopes === undefined ? { ...identity, scopes: [] } : identity
  }

  async function whose(token: string): Promise<Identity> {
    if (!looksLikeJwt(token)) return serviceIdentity(token)
    const identity = await verifyToken(token, { providers, now })
    await admit(identity, directory)
    return identity
  }

  async function serviceIdentity(token: string): Promise<Identity> {
    const identity = await serviceTokens.verify(token).catch((cause: unknown) => {
      throw unavailable(cause)
    })
    if (identity !== null) return identity
    throw new AuthenticationError(
      'bad_credential',
      'The password is neither a token of a trusted issuer nor a service token.',
    )
  }

  const authenticateToken: Authenticator['authenticateToken'] = (token, from) =>
    from === undefined ? proven(token) : failures.watch(from, token, () => proven(token))

  return {
    authenticateToken,
    authenticate: async ({ user, password, database, client }) => {
      const identity = await authenticateToken(password, client.slice(0, client.lastIndexOf(':')))
      // The name only has to match: what is asked for must be what is proven, and the proof is what counts.
      if (identity.name !== user)
        throw new AuthenticationError('wrong_user', `The token is of ${identity.name}, not of ${user}.`, {
          hint: `Connect as user ${identity.name}`,
        })
      if (!isFor(identity, 'holdpoint:run'))
        throw new AuthenticationError('insufficient_scope', 'This token is not for running statements.', {
          hint: 'Ask for a token with the scope holdpoint:run',
        })
      return { identity, target: findTarget(database, targets) }
    },
  }
}

/** People who left stay out, and so do the agents that act for them, however good the token is. */
async function admit(identity: Identity, directory: KnownPeople): Promise<void> {
  const { actsFor, issuer, subject } = identity
  try {
    const known = await directory.person(issuer, subject)
    const principal = actsFor === null ? null : await directory.person(actsFor.issuer, actsFor.subject)
    if (known?.active === false || principal?.active === false)
      throw new AuthenticationError('wrong_user', 'This account is deactivated.')
    // An agent's token may name fewer of its person's groups than the person has: it teaches nothing about them.
    if (identity.kind === 'human' && differs(known, identity)) {
      const { name, groups } = identity
      // An access token need not tell the address; what is known of it stays.
      await directory.upsert({ issuer, subject, name, groups, kind: 'human', email: known?.email ?? null })
    }
  } catch (cause) {
    throw cause instanceof AuthenticationError ? cause : unavailable(cause)
  }
}

function differs(known: Principal | null, { name, groups }: Principal): boolean {
  return known === null || known.name !== name || JSON.stringify(known.groups) !== JSON.stringify(groups)
}

function unavailable(cause: unknown): AuthenticationError {
  return new AuthenticationError('unavailable', 'Who you are cannot be checked now.', {
    cause,
    hint: 'Try again in a moment',
  })
}
