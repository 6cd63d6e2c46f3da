import type { Configuration, interactionPolicy, KoaContextWithOIDC } from 'oidc-provider'
import type { Config } from '../../config.ts'
import type { Log } from '../../log.ts'
import { AUDIENCE, TOKEN_HOURS } from './development-tokens.ts'
import { claimsOf, personNamed } from './people.ts'
import type { ProviderKeys } from './provider-keys.ts'
import { html, messagePage, signOutPage } from './provider-pages.ts'

/** What the development provider allows: one public client, code with PKCE, JWT access tokens for Holdpoint. */
export interface IdentityProviderOptions {
  readonly config: Pick<Config, 'mode' | 'console'>
  readonly port: number
  readonly keys: ProviderKeys
  readonly log: Log
}

const RESOURCE = 'urn:holdpoint'
const SCOPES = 'openid profile email groups'

export function configuration(
  { config, keys, port }: IdentityProviderOptions,
  policies: typeof interactionPolicy,
): Configuration {
  const { clientId, publicUrl, port: consolePort } = config.console
  const consoles = [publicUrl, `http://127.0.0.1:${consolePort}`, `http://localhost:${consolePort}`]
  return {
    jwks: { keys: [keys.signing] },
    // Cookies do not know ports, and several trees may live on one machine.
    cookies: {
      keys: [keys.cookies],
      names: { session: `idp_${port}`, interaction: `idp_${port}_i`, resume: `idp_${port}_r` },
    },
    clients: [
      {
        client_id: clientId,
        redirect_uris: [...new Set(consoles.filter((url) => url !== undefined))].map(
          (url) => `${url}/sign-in/callback`,
        ),
        token_endpoint_auth_method: 'none',
        grant_types: ['authorization_code'],
        response_types: ['code'],
        id_token_signed_response_alg: 'ES256',
      },
    ],
    claims: { openid: ['sub'], profile: ['name', 'preferred_username'], email: ['email'], groups: ['groups'] },
    scopes: SCOPES.split(' '),
    conformIdTokenClaims: false,
    findAccount: (_context, id) => {
      const person = personNamed(id)
      return person && { accountId: id, claims: () => claimsOf(person) }
    },
    extraTokenClaims: (_context, token) => {
      const person = 'accountId' in token ? personNamed(token.accountId) : undefined
      return person && { ...claimsOf(person), sub: undefined }
    },
    loadExistingGrant: consentToAll,
    pkce: { required: () => true },
    clientBasedCORS: () => false,
    ttl: { AccessToken: TOKEN_HOURS * 3600, IdToken: 3600, Session: 3600, Interaction: 600, Grant: TOKEN_HOURS * 3600 },
    interactions: { url: (_context, { uid }) => `/interaction/${uid}`, policy: askEveryTime(policies) },
    renderError: (context, { error, error_description: text }) => {
      html(context, messagePage('This did not work', text ?? error))
    },
    features: {
      devInteractions: { enabled: false },
      rpInitiatedLogout: {
        enabled: true,
        logoutSource: (context, form) => html(context, signOutPage(form)),
        postLogoutSuccessSource: (context) => html(context, messagePage('Signed out', 'You may close this page.')),
      },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => RESOURCE,
        useGrantedResource: () => true,
        getResourceServerInfo: () => ({
          scope: '',
          audience: AUDIENCE,
          accessTokenFormat: 'jwt',
          accessTokenTTL: TOKEN_HOURS * 3600,
          jwt: { sign: { alg: 'ES256' } },
        }),
      },
    },
  }
}

/** Nobody is remembered: whoever tries things out is somebody else a minute later. */
function askEveryTime(policies: typeof interactionPolicy): interactionPolicy.DefaultPolicy {
  const policy = policies.base()
  policy.get('login')?.checks.add(
    new policies.Check('always', 'who it is is asked at every sign-in', (context) => {
      return context.oidc.result?.login === undefined
    }),
  )
  return policy
}

async function consentToAll(context: KoaContextWithOIDC) {
  const { client, provider, session } = context.oidc
  if (client === undefined || session?.accountId === undefined) return undefined
  const grant = new provider.Grant({ clientId: client.clientId, accountId: session.accountId })
  grant.addOIDCScope(SCOPES)
  await grant.save()
  return grant
}
