import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { exportJWK, generateKeyPair, type JWK, type JWTPayload, SignJWT } from 'jose'
import type { ProviderConfig } from '../../../config.ts'
import { openLog } from '../../../log.ts'
import type { Identity, Principal } from '../../../policies/input.ts'
import { createAuthenticator } from '../../../proxy/identity/authenticate.ts'

/** A provider whose keys a test can turn: what a real one does over years, in a line. */
export interface KeyServer {
  readonly issuer: string
  readonly asked: () => number
  rotate(keepOld: boolean): Promise<void>
  token(claims: JWTPayload, header?: Record<string, unknown>): Promise<string>
  /** The public key as it stands in the set. */
  publicJwk(): JWK
  down(): Promise<void>
}

export async function startKeyServer(): Promise<KeyServer> {
  let keys: { kid: string; privateKey: CryptoKey; jwk: JWK }[] = []
  let asked = 0
  const rotate = async (keepOld: boolean): Promise<void> => {
    const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true })
    const kid = `key-${keys.length + 1}-${Math.random()}`
    const jwk = { ...(await exportJWK(publicKey)), kid, alg: 'ES256', use: 'sig' }
    keys = [...(keepOld ? keys : []), { kid, privateKey, jwk }]
  }
  await rotate(false)
  const server = createServer((request, response) => {
    response.setHeader('content-type', 'application/json')
    if (request.url === '/jwks') {
      asked++
      response.end(JSON.stringify({ keys: keys.map(({ jwk }) => jwk) }))
    } else response.end(JSON.stringify({ issuer, jwks_uri: `${issuer}/jwks` }))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    issuer,
    asked: () => asked,
    rotate,
    publicJwk: () => (keys.at(-1) as (typeof keys)[number]).jwk,
    token: (claims, header = {}) => {
      const { kid, privateKey } = keys.at(-1) as (typeof keys)[number]
      return new SignJWT(claims).setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', kid, ...header }).sign(privateKey)
    },
    down: () => close(server),
  }
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
}

/** A directory in memory, with what a test wants to be in it. */
export function knownPeople(known: readonly (Principal & { readonly active: boolean; readonly email: null })[] = []) {
  const people = new Map(known.map((person) => [`${person.issuer} ${person.subject}`, person]))
  return {
    people,
    person: async (issuer: string, subject: string) => people.get(`${issuer} ${subject}`) ?? null,
    upsert: async (person: Principal) => {
      people.set(`${person.issuer} ${person.subject}`, { ...person, active: true, email: null })
    },
  }
}

export const NOON = Date.UTC(2026, 6, 1, 12)

export const claims = (issuer: string, more: Readonly<Record<string, unknown>> = {}): JWTPayload => ({
  iss: issuer,
  aud: 'holdpoint',
  sub: 'ana',
  preferred_username: 'ana',
  groups: ['engineers'],
  client_id: 'psql',
  iat: NOON / 1000 - 60,
  exp: NOON / 1000 + 3600,
  ...more,
})

export interface DoorOptions {
  readonly directory?: ReturnType<typeof knownPeople>
  readonly now?: () => number
  readonly service?: Identity
  readonly more?: Partial<ProviderConfig>
}

export function door(issuer: string, { directory = knownPeople(), now = () => NOON, service, more }: DoorOptions = {}) {
  const target = { environment: 'production', host: '127.0.0.1', port: 5432, user: 'app', tls: 'disable' } as const
  return createAuthenticator({
    providers: [
      {
        issuer,
        audience: 'holdpoint',
        algorithms: ['ES256'],
        nameClaim: 'preferred_username',
        groupsClaim: 'groups',
        ...more,
      },
    ],
    targets: [
      { ...target, name: 'prod/shop', database: 'shop' },
      { ...target, name: 'prod/crm', database: 'crm' },
      { ...target, name: 'staging/crm', database: 'crm' },
    ],
    directory,
    serviceTokens: { verify: async (token) => (token === 'good-service-token' && service ? service : null) },
    log: openLog({ level: 'silent', process: 'test' }),
    now,
  })
}
