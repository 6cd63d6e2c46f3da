import * as openid from 'openid-client'
import { z } from 'zod'
import type { Config, ProviderConfig } from '../../config.ts'
import type { PersonClaims } from '../../workflows/directory/directory.ts'
import { ConsoleError } from './errors.ts'
import type { SignInTransaction } from './sealed-cookie.ts'

/** OpenID Connect's authorization code flow with PKCE, state and nonce: https://openid.net/specs/openid-connect-core-1_0.html */
export interface IdentityProvider {
  begin(options: BeginOptions): Promise<{ readonly url: URL; readonly transaction: SignInTransaction }>
  /** @throws ConsoleError sign_in_refused or sign_in_failed */
  finish(options: { readonly currentUrl: URL; readonly transaction: SignInTransaction }): Promise<PersonClaims>
}

interface BeginOptions {
  readonly redirectUri: string
  readonly returnTo: string
  /** Ask who it is even when the provider remembers someone. */
  readonly switchPerson: boolean
}

export function createIdentityProvider(config: Config): IdentityProvider {
  const provider = providerOf(config)
  let found: Promise<openid.Configuration> | null = null
  const client = (): Promise<openid.Configuration> => {
    found ??= discover(config, provider).catch((cause: unknown) => {
      found = null // the provider may be back at the next attempt
      throw new ConsoleError('sign_in_unavailable', 'The identity provider cannot be reached.', { cause })
    })
    return found
  }
  return {
    begin: async (options) => beginWith(await client(), options),
    finish: async ({ currentUrl, transaction }) => {
      const tokens = await openid
        .authorizationCodeGrant(await client(), currentUrl, {
          pkceCodeVerifier: transaction.verifier,
          expectedState: transaction.state,
          expectedNonce: transaction.nonce,
          idTokenExpected: true,
        })
        .catch((cause: unknown) => {
          throw signInError(cause)
        })
      return principalOf(tokens.claims(), provider)
    },
  }
}

function providerOf({ console: { issuer }, identity: { providers } }: Config): ProviderConfig {
  const provider = issuer === undefined ? providers[0] : providers.find((one) => one.issuer === issuer)
  if (provider === undefined)
    throw new ConsoleError('sign_in_unavailable', 'No identity provider is configured for the console.', {
      hint: 'Set console.issuer to the issuer of one of identity.providers',
    })
  return provider
}

async function discover({ mode, console: options }: Config, provider: ProviderConfig): Promise<openid.Configuration> {
  const plain = mode === 'development' && provider.issuer.startsWith('http:')
  const { clientId, clientSecret } = options
  const authentication = clientSecret === undefined ? openid.None() : openid.ClientSecretPost(clientSecret)
  const client = await openid.discovery(new URL(provider.issuer), clientId, clientSecret, authentication, {
    execute: plain ? [openid.allowInsecureRequests] : [],
    timeout: 10,
  })
  openid.enableNonRepudiationChecks(client) // verify the ID token's signature too, not only the connection it came by
  return client
}

async function beginWith(client: openid.Configuration, { redirectUri, returnTo, switchPerson }: BeginOptions) {
  const transaction = {
    state: openid.randomState(),
    nonce: openid.randomNonce(),
    verifier: openid.randomPKCECodeVerifier(),
    returnTo,
  }
  const url = openid.buildAuthorizationUrl(client, {
    redirect_uri: redirectUri,
    scope: 'openid profile email groups',
    state: transaction.state,
    nonce: transaction.nonce,
    code_challenge: await openid.calculatePKCECodeChallenge(transaction.verifier),
    code_challenge_method: 'S256',
    ...(switchPerson ? { prompt: 'login' } : {}),
  })
  return { url, transaction }
}

function signInError(cause: unknown): ConsoleError {
  if (cause instanceof openid.AuthorizationResponseError && cause.error === 'access_denied')
    return new ConsoleError('sign_in_refused', 'The identity provider did not let you in.', { cause })
  return new ConsoleError('sign_in_failed', 'Signing in did not work.', { cause })
}

function principalOf(claims: openid.IDToken | undefined, provider: ProviderConfig): PersonClaims {
  const parsed = z
    .object({
      iss: z.string(),
      sub: z.string().min(1),
      name: z.string().min(1),
      email: z.string().nullable(),
      groups: z.array(z.string()),
    })
    .safeParse({
      iss: claims?.iss,
      sub: claims?.sub,
      name: claims?.[provider.nameClaim],
      email: claims?.email ?? null,
      groups: claims?.[provider.groupsClaim] ?? [],
    })
  if (!parsed.success)
    throw new ConsoleError('sign_in_failed', 'The identity provider’s answer lacks a subject, name or groups.')
  const { iss, sub, name, email, groups } = parsed.data
  return { issuer: iss, subject: sub, name, email, kind: 'human', groups }
}
