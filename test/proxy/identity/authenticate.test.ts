import { SignJWT } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Identity } from '../../../policies/input.ts'
import { claims, door, type KeyServer, knownPeople, NOON, startKeyServer } from './stand.ts'

let provider: KeyServer
beforeAll(async () => {
  provider = await startKeyServer()
})
afterAll(() => provider.down())

const base64url = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')

describe('a token of a trusted provider', () => {
  test('proves a person, with name, groups and when the proof ends', async () => {
    const identity = await door(provider.issuer).authenticateToken(await provider.token(claims(provider.issuer)))
    expect(identity).toEqual({
      kind: 'human',
      issuer: provider.issuer,
      subject: 'ana',
      name: 'ana',
      groups: ['engineers'],
      actsFor: null,
      provenBy: 'oidc',
      expiresAt: '2026-07-01T13:00:00.000Z',
    })
  })

  test('with an act claim proves an agent and whom it acts for, and gives it none of their groups', async () => {
    const act = { sub: 'report-bot', preferred_username: 'report-bot', groups: ['agents'], act: { sub: 'older-bot' } }
    const identity = await door(provider.issuer).authenticateToken(
      await provider.token(claims(provider.issuer, { act })),
    )
    expect(identity).toMatchObject({
      kind: 'agent',
      subject: 'report-bot',
      name: 'report-bot',
      groups: ['agents'],
      actsFor: { issuer: provider.issuer, subject: 'ana', name: 'ana', groups: ['engineers'] },
    })
  })

  test('whose subject is the client itself proves a service', async () => {
    const own = claims(provider.issuer, { sub: 'etl', client_id: 'etl', preferred_username: undefined })
    expect(await door(provider.issuer).authenticateToken(await provider.token(own))).toMatchObject({
      kind: 'service',
      name: 'etl',
      actsFor: null,
    })
  })

  test('puts a person into the directory, and changes them when their groups changed', async () => {
    const directory = knownPeople()
    await door(provider.issuer, { directory }).authenticateToken(await provider.token(claims(provider.issuer)))
    const moved = claims(provider.issuer, { groups: ['dba'] })
    await door(provider.issuer, { directory }).authenticateToken(await provider.token(moved))
    expect([...directory.people.values()]).toMatchObject([{ subject: 'ana', groups: ['dba'] }])
  })

  test('of an agent teaches the directory nothing about the person', async () => {
    const directory = knownPeople()
    const token = await provider.token(claims(provider.issuer, { groups: [], act: { sub: 'report-bot' } }))
    await door(provider.issuer, { directory }).authenticateToken(token)
    expect(directory.people.size).toBe(0)
  })
})

describe('refused, with a reason that the bearer may know', () => {
  const hour = 3600
  const now = NOON / 1000
  const cases: readonly (readonly [string, () => Promise<string> | string, RegExp])[] = [
    [
      'no signature at all (alg: none)',
      () => `${base64url({ alg: 'none', typ: 'at+jwt' })}.${base64url(claims(provider.issuer))}.`,
      /algorithm is not allowed|signature is not valid/,
    ],
    [
      'the public key used as a shared secret (HS256)',
      () =>
        new SignJWT(claims(provider.issuer))
          .setProtectedHeader({ alg: 'HS256', typ: 'at+jwt', kid: provider.publicJwk().kid as string })
          .sign(new TextEncoder().encode(JSON.stringify(provider.publicJwk()))),
      /algorithm is not allowed/,
    ],
    ['another audience', () => provider.token(claims(provider.issuer, { aud: 'shop-api' })), /someone else/],
    ['no audience', () => provider.token(claims(provider.issuer, { aud: undefined })), /someone else/],
    ['an unknown issuer', () => provider.token(claims('https://login.example.org')), /not one that is trusted/],
    ['an issuer with a slash too many', () => provider.token(claims(`${provider.issuer}/`)), /not one that is trusted/],
    ['expired', () => provider.token(claims(provider.issuer, { exp: now - hour })), /has expired/],
    ['expired a second ago', () => provider.token(claims(provider.issuer, { exp: now - 1 })), /has expired/],
    ['no expiry', () => provider.token(claims(provider.issuer, { exp: undefined })), /exp claim is missing/],
    ['not valid yet', () => provider.token(claims(provider.issuer, { nbf: now + hour })), /not valid yet/],
    ['no subject', () => provider.token(claims(provider.issuer, { sub: undefined })), /sub claim is missing/],
    ['groups that are no list', () => provider.token(claims(provider.issuer, { groups: 'dba' })), /list of groups/],
    [
      'an actor of another provider',
      () => provider.token(claims(provider.issuer, { act: { sub: 'x', iss: 'y' } })),
      /actor/,
    ],
    ['bound to a key', () => provider.token(claims(provider.issuer, { cnf: { jkt: 'x' } })), /bound to a key/],
    ['a logout token', () => provider.token(claims(provider.issuer), { typ: 'logout+jwt' }), /not an access token/],
    [
      'an unknown critical header',
      () => provider.token(claims(provider.issuer), { kid: 'nobody-has-this' }),
      /publishes/,
    ],
    [
      'a changed payload',
      async () => {
        const [header, , signature] = (await provider.token(claims(provider.issuer))).split('.')
        return `${header}.${base64url(claims(provider.issuer, { groups: ['dba'] }))}.${signature}`
      },
      /signature is not valid/,
    ],
    ['a huge token', () => provider.token(claims(provider.issuer, { pad: 'x'.repeat(20_000) })), /larger than/],
    ['three parts of nonsense', () => 'aaaa.bbbb.cccc', /cannot be read/],
    ['no token', () => 'hunter2', /neither a token/],
    ['nothing', () => '', /neither a token/],
  ]
  test.each(cases)('%s', async (_name, token, reason) => {
    const attempt = door(provider.issuer).authenticateToken(await token())
    await expect(attempt).rejects.toMatchObject({ code: 'bad_credential', message: expect.stringMatching(reason) })
  })

  test('no reason quotes the token', async () => {
    const token = await provider.token(claims(provider.issuer, { aud: 'shop-api', preferred_username: 'marker-value' }))
    const attempt = door(provider.issuer).authenticateToken(token)
    await expect(attempt).rejects.toMatchObject({ message: expect.not.stringMatching(/marker-value|shop-api|eyJ/) })
  })
})

describe('people who left', () => {
  const gone = (subject: string) =>
    knownPeople([{ issuer: provider.issuer, subject, name: subject, groups: [], active: false, email: null }])

  test('stay out with a good token', async () => {
    const attempt = door(provider.issuer, { directory: gone('ana') }).authenticateToken(
      await provider.token(claims(provider.issuer)),
    )
    await expect(attempt).rejects.toMatchObject({ code: 'wrong_user' })
  })

  test('keep their agents out', async () => {
    const token = await provider.token(claims(provider.issuer, { act: { sub: 'report-bot' } }))
    const attempt = door(provider.issuer, { directory: gone('ana') }).authenticateToken(token)
    await expect(attempt).rejects.toMatchObject({ code: 'wrong_user' })
  })

  test('a directory that cannot be asked lets nobody in', async () => {
    const directory = { ...knownPeople(), person: () => Promise.reject(new Error('connection refused')) }
    const attempt = door(provider.issuer, { directory }).authenticateToken(
      await provider.token(claims(provider.issuer)),
    )
    await expect(attempt).rejects.toMatchObject({ code: 'unavailable' })
  })
})

describe('connecting', () => {
  const connect = async (user: string, database: string) =>
    door(provider.issuer).authenticate({
      user,
      database,
      password: await provider.token(claims(provider.issuer)),
      client: '127.0.0.1',
      tls: true,
    })

  test('finds the target by its database, or by its full name', async () => {
    expect((await connect('ana', 'shop')).target.name).toBe('prod/shop')
    expect((await connect('ana', 'staging/crm')).target.name).toBe('staging/crm')
  })

  test('under another name than the proven one is refused', async () => {
    await expect(connect('ben', 'shop')).rejects.toMatchObject({ code: 'wrong_user' })
  })

  test.each([
    ['an unknown database', 'postgres'],
    ['a database of two targets', 'crm'],
    ['a target’s name in part', 'prod'],
  ])('to %s is refused', async (_name, database) => {
    await expect(connect('ana', database)).rejects.toMatchObject({ code: 'unknown_target' })
  })
})

describe('service tokens', () => {
  const etl: Identity = {
    kind: 'service',
    issuer: 'holdpoint',
    subject: 'etl',
    name: 'etl',
    groups: ['services'],
    actsFor: null,
    provenBy: 'service_token',
    expiresAt: '2027-01-01T00:00:00.000Z',
  }

  test('prove a service', async () => {
    expect(await door(provider.issuer, { service: etl }).authenticateToken('good-service-token')).toEqual(etl)
  })

  test('that nobody made are refused', async () => {
    await expect(door(provider.issuer, { service: etl }).authenticateToken('other')).rejects.toMatchObject({
      code: 'bad_credential',
    })
  })
})
