import { createServer, type Server } from 'node:http'
import type { Configuration, interactionPolicy, KoaContextWithOIDC, Provider } from 'oidc-provider'
import type { Config } from '../../config.ts'
import type { Log } from '../../log.ts'
import { AUDIENCE, TOKEN_HOURS } from './development-tokens.ts'
import { DevelopmentError } from './errors.ts'
import { claimsOf, people, personNamed } from './people.ts'
import type { ProviderKeys } from './provider-keys.ts'
import { CONTENT_SECURITY_POLICY, messagePage, signInPage, signOutPage } from './provider-pages.ts'

/**
 * The development identity provider: a real OpenID provider whose people sign in with a click. Authorization code with
 * PKCE for the console, JWT access tokens for the audience `holdpoint`. It keeps its keys and forgets its sessions.
 */
export interface IdentityProviderOptions {
  readonly config: Pick<Config, 'mode' | 'console'>
  readonly port: number
  readonly keys: ProviderKeys
  readonly log: Log
}

export interface DevelopmentProvider {
  readonly issuer: string
  close(): Promise<void>
}

const RESOURCE = 'urn:holdpoint'
const SCOPES = 'openid profile email groups'

export async function startIdentityProvider(options: IdentityProviderOptions): Promise<DevelopmentProvider> {
  if (options.config.mode !== 'development')
    throw new DevelopmentError('not_development', 'The development identity provider never runs in production.')
  const issuer = `http://127.0.0.1:${options.port}`
  const provider = await openQuietly(issuer, options)
  provider.use(ownHostOnly(issuer))
  provider.use(signIn(provider))
  provider.on('server_error', (_context, error) => options.log.error({ err: error }, 'the development provider failed'))
  const server = createServer(provider.callback())
  await listening(server, options.port)
  return { issuer, close: () => closed(server) }
}

/**
 * The library warns on the console that it forgets on restart, which is meant, and that it does not know this Node yet.
 * stdout and stderr are the command line's.
 */
async function openQuietly(issuer: string, options: IdentityProviderOptions): Promise<Provider> {
  const { info, warn } = console
  console.info = console.warn = (text: string) => options.log.debug(text)
  try {
    const library = await import('oidc-provider')
    return new library.Provider(issuer, configuration(options, library.interactionPolicy))
  } finally {
    Object.assign(console, { info, warn })
  }
}

function configuration(
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

type Middleware = Parameters<Provider['use']>[0]

/** A page elsewhere that makes its own name point here (DNS rebinding) gets nothing. */
function ownHostOnly(issuer: string): Middleware {
  const { host, port } = new URL(issuer)
  return async (context, next) => {
    if (context.host === host || context.host === `localhost:${port}`) await next()
    else context.status = 421
  }
}

function signIn(provider: Provider): Middleware {
  return async (context, next) => {
    if (!context.path.startsWith('/interaction/')) return next()
    await provider.interactionDetails(context.req, context.res)
    if (context.method === 'GET') return html(context, signInPage(people))
    const person = personNamed(new URLSearchParams(await formBody(context.req)).get('person') ?? '')
    if (person === undefined) return html(context, messagePage('Nobody', 'There is no such person here.'))
    const login = { accountId: person.name, remember: false }
    const location = await provider.interactionResult(context.req, context.res, { login })
    context.status = 303
    context.redirect(location)
  }
}

async function formBody(request: AsyncIterable<Buffer>): Promise<string> {
  let body = ''
  for await (const chunk of request) {
    body += chunk.toString('utf8')
    if (body.length > 1_000) return ''
  }
  return body
}

function html(context: { type: string; body: unknown; set(name: string, value: string): void }, page: string): void {
  context.set('content-security-policy', CONTENT_SECURITY_POLICY)
  context.set('cache-control', 'no-store')
  context.type = 'html'
  context.body = page
}

function listening(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', () => resolve())
  })
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
}
