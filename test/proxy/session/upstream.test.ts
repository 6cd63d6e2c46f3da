import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { generate } from 'selfsigned'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { Scram } from '../../../proxy/session/upstream/scram.ts'
import { RawClient, transcript } from './raw-client.ts'
import { sessionServer, type TestServerOptions } from './session-server.ts'

async function served(options: TestServerOptions): Promise<string> {
  await using at = await sessionServer(options)
  try {
    const client = await RawClient.open(at.through)
    const lines = transcript(await client.ask('SELECT current_user'))
    client.close()
    return lines.find((line) => line.startsWith('D ')) ?? ''
  } catch (error) {
    return (error as Error).message
  }
}

describe('Holdpoint proves itself to the database', () => {
  const users = ['md5', 'scram-sha-256'].map((method) => ({ method, user: `by_${method.slice(0, 3)}` }))
  let admin: RawClient

  /** The first column of the first row. */
  const said = async (sql: string): Promise<string | undefined> =>
    transcript(await admin.ask(sql))
      .find((line) => line.startsWith('D '))
      ?.slice(2)

  beforeAll(async () => {
    admin = await RawClient.open(inject('postgresUrl'))
    for (const { method, user } of users) {
      await admin.ask(`SET password_encryption = '${method}'`)
      await admin.ask(`CREATE ROLE ${user} LOGIN SUPERUSER PASSWORD 'sécret'`)
    }
    // For these two alone; everybody else in this server comes in as before.
    const rules = (await said('SHOW hba_file')) ?? ''
    const lines = users.map(({ method, user }) => `host all ${user} 127.0.0.1/32 ${method}`)
    writeFileSync(rules, `${lines.join('\n')}\n${readFileSync(rules, 'utf8')}`)
    await admin.ask('SELECT pg_reload_conf()')
  })
  afterAll(() => admin.close())

  test.each(users)('by $method', async ({ user }) => {
    await expect.poll(() => served({ target: { user, password: 'sécret' } })).toBe(`D ${user}`)
    expect(await served({ target: { user, password: 'wrong' } })).toContain('refuses Holdpoint’s own credential')
  })
})

test('a server that does not know the password itself is not believed', async () => {
  const scram = new Scram('secret', 'nonce')
  await scram.final('r=nonceserver,s=c2FsdA==,i=4096')
  expect(() => scram.verify(`v=${Buffer.alloc(32).toString('base64')}`)).toThrow('could not prove itself')
  expect(() => new Scram('secret').verify('v=')).toThrow('could not prove itself')
})

test.each([
  ['a nonce of its own', 'r=another,s=c2FsdA==,i=4096'],
  ['ours and nothing added', 'r=nonce,s=c2FsdA==,i=4096'],
  ['no salt', 'r=nonceserver,i=4096'],
  ['endless rounds', 'r=nonceserver,s=c2FsdA==,i=100000000'],
  ['no rounds', 'r=nonceserver,s=c2FsdA==,i=0'],
])('a SCRAM server that sends %s is refused', async (_why, first) => {
  await expect(new Scram('secret', 'nonce').final(first)).rejects.toThrow('SCRAM')
})

describe('TLS to the database', () => {
  let folder: string
  const pem = (name: string): string => join(folder, name)
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'holdpoint-upstream-'))
    for (const name of ['right', 'other']) {
      const altNames = [{ type: 2 as const, value: 'localhost' }]
      const pair = await generate([{ name: 'commonName', value: 'localhost' }], {
        keyType: 'ec',
        extensions: [{ name: 'subjectAltName', altNames }],
      })
      writeFileSync(pem(`${name}.cert`), pair.cert)
      writeFileSync(pem(`${name}.key`), pair.private)
    }
  })
  afterAll(() => rmSync(folder, { recursive: true }))

  // A session server speaks TLS, asks for a password in the clear, and is in front of a real database.
  const secured = () =>
    sessionServer({ overrides: { 'proxy.tls.cert': pem('right.cert'), 'proxy.tls.key': pem('right.key') } })
  const towards = (port: number) => ({
    port,
    host: 'localhost',
    user: 'ana',
    password: 'open sesame',
    database: 'shop',
  })

  test('require takes any certificate; verify-full only the right one, for the right name', async () => {
    await using behind = await secured()
    const target = towards(behind.port)
    expect(await served({ target: { ...target, tls: 'require' } })).toBe('D postgres')
    expect(await served({ target: { ...target, tls: 'verify-full', ca: pem('right.cert') } })).toBe('D postgres')
    expect(behind.credentials.every(({ tls }) => tls)).toBe(true)
    expect(await served({ target: { ...target, tls: 'verify-full', ca: pem('other.cert') } })).toContain('08001')
    expect(await served({ target: { ...target, tls: 'verify-full' } })).toContain('08001')
    const elsewhere = { ...target, host: '127.0.0.1', tls: 'verify-full' as const, ca: pem('right.cert') }
    expect(await served({ target: elsewhere })).toContain('08001')
  })

  test('a database that does not offer it is not used', async () => {
    await using plain = await sessionServer()
    expect(await served({ target: { ...towards(plain.port), tls: 'require' } })).toContain('does not offer TLS')
  })
})
