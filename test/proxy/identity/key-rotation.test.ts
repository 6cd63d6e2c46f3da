import { expect, onTestFinished, test } from 'vitest'
import { claims, door, type KeyServer, NOON, startKeyServer } from './stand.ts'

async function keyServer(): Promise<KeyServer> {
  const provider = await startKeyServer()
  onTestFinished(() => provider.down())
  return provider
}

const MINUTE = 60_000

test('a token signed with a key that is new at the provider is accepted', async () => {
  const provider = await keyServer()
  const clock = { now: NOON }
  const authenticator = door(provider.issuer, { now: () => clock.now })
  await authenticator.authenticateToken(await provider.token(claims(provider.issuer)))
  await provider.rotate(true)
  clock.now += 11 * MINUTE
  const identity = await authenticator.authenticateToken(await provider.token(claims(provider.issuer)))
  expect(identity.name).toBe('ana')
})

test('a key that was withdrawn is no longer believed after ten minutes', async () => {
  const provider = await keyServer()
  const clock = { now: NOON }
  const authenticator = door(provider.issuer, { now: () => clock.now })
  const old = await provider.token(claims(provider.issuer))
  await authenticator.authenticateToken(old)
  await provider.rotate(false)
  clock.now += 11 * MINUTE
  await expect(authenticator.authenticateToken(old)).rejects.toMatchObject({ code: 'bad_credential' })
})

test('a provider that is down keeps nobody out whose key is known, for a day', async () => {
  const provider = await keyServer()
  const clock = { now: NOON }
  const authenticator = door(provider.issuer, { now: () => clock.now })
  const token = await provider.token(claims(provider.issuer, { exp: NOON / 1000 + 10 * 86_400 }))
  await authenticator.authenticateToken(token)
  await provider.down()
  clock.now += 60 * MINUTE
  expect((await authenticator.authenticateToken(token)).name).toBe('ana')
  clock.now += 24 * 60 * MINUTE
  await expect(authenticator.authenticateToken(token)).rejects.toMatchObject({ code: 'unavailable' })
})

test('a provider that never answered lets nobody in, and is asked again', async () => {
  const provider = await keyServer()
  const token = await provider.token(claims(provider.issuer))
  await provider.down()
  const attempt = door(provider.issuer).authenticateToken(token)
  await expect(attempt).rejects.toMatchObject({ code: 'unavailable' })
})

test('tokens with unknown keys do not make the provider be asked again and again', async () => {
  const provider = await keyServer()
  const authenticator = door(provider.issuer)
  await authenticator.authenticateToken(await provider.token(claims(provider.issuer)))
  const strange = await provider.token(claims(provider.issuer), { kid: 'nobody-has-this' })
  for (let attempt = 0; attempt < 20; attempt++) await authenticator.authenticateToken(strange).catch(() => undefined)
  expect(provider.asked()).toBeLessThanOrEqual(2)
})

test('keys over plain HTTP are taken from this machine only', async () => {
  const provider = await keyServer()
  // The same server under an address that is not plainly this machine: without the rule it would answer.
  const jwksUri = `${provider.issuer.replace('127.0.0.1', '0.0.0.0')}/jwks`
  const attempt = door(provider.issuer, { more: { jwksUri } }).authenticateToken(
    await provider.token(claims(provider.issuer)),
  )
  await expect(attempt).rejects.toMatchObject({ code: 'unavailable' })
})
