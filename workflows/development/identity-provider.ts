import { createServer, type Server } from 'node:http'
import type { Provider } from 'oidc-provider'
import { DevelopmentError } from './errors.ts'
import { people, personNamed } from './people.ts'
import { configuration, type IdentityProviderOptions } from './provider-configuration.ts'
import { BANNER, html, messagePage, signInPage } from './provider-pages.ts'

/**
 * The development identity provider: a real OpenID provider whose people sign in with a click. Authorization code with
 * PKCE for the console, JWT access tokens for the audience `holdpoint`. It keeps its keys and forgets its sessions.
 */
export interface DevelopmentProvider {
  readonly issuer: string
  close(): Promise<void>
}

export async function startIdentityProvider(options: IdentityProviderOptions): Promise<DevelopmentProvider> {
  if (options.config.mode !== 'development')
    throw new DevelopmentError('not_development', 'The development identity provider never runs in production.')
  const issuer = `http://127.0.0.1:${options.port}`
  const provider = await openQuietly(issuer, options)
  provider.use(ownHostOnly(issuer))
  provider.use(labelled)
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

type Middleware = Parameters<Provider['use']>[0]

/** A page elsewhere that makes its own name point here (DNS rebinding) gets nothing. */
function ownHostOnly(issuer: string): Middleware {
  const { host, port } = new URL(issuer)
  return async (context, next) => {
    if (context.host === host || context.host === `localhost:${port}`) await next()
    else context.status = 421
  }
}

/** The library has pages of its own too (a form that submits itself, a plain 404); they say what this is as well. */
const labelled: Middleware = async (context, next) => {
  await next()
  if (context.status === 404 && context.accepts('html')) {
    html(context, messagePage('Not found', 'There is nothing here.'))
    context.status = 404
  } else if (context.type === 'text/html' && typeof context.body === 'string' && !context.body.includes(BANNER))
    context.body = context.body.replace('<body>', `<body>${BANNER}`)
}

function signIn(provider: Provider): Middleware {
  return async (context, next) => {
    if (!context.path.startsWith('/interaction/')) return next()
    try {
      await provider.interactionDetails(context.req, context.res)
    } catch {
      return html(context, messagePage('This sign-in is over', 'Begin again where you came from.'))
    }
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
