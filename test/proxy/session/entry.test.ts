import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect as connectTls, type TLSSocket } from 'node:tls'
import { serialize } from 'pg-protocol'
import { generate } from 'selfsigned'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { decodeReport } from '../../../proxy/wire/messages/error-response.ts'
import { encodeCancelRequest } from '../../../proxy/wire/messages/startup.ts'
import { RawClient, reportOf, transcript } from './raw-client.ts'
import { sessionServer, type TestServer } from './session-server.ts'

let at: TestServer
let folder: string
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'holdpoint-tls-'))
  const pair = await generate([{ name: 'commonName', value: 'localhost' }], { keyType: 'ec' })
  const [cert, key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')]
  writeFileSync(cert, pair.cert)
  writeFileSync(key, pair.private)
  const overrides = { 'proxy.tls.cert': cert, 'proxy.tls.key': key, 'proxy.authenticationTimeoutMs': 1_500 }
  at = await sessionServer({ overrides })
})
afterAll(async () => {
  await at[Symbol.asyncDispose]()
  rmSync(folder, { recursive: true })
})

const opened: Socket[] = []
afterAll(() => {
  for (const socket of opened) socket.destroy()
})

function dial(port = at.port): Socket {
  const socket = connect({ host: '127.0.0.1', port })
  opened.push(socket)
  socket.on('error', () => undefined)
  return socket
}

const SSL = serialize.requestSsl()
const GSS = Buffer.from([0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x30])
const startup = (parameters: Record<string, string> = {}): Buffer =>
  serialize.startup({ user: 'ana', database: 'shop', ...parameters })

/** A startup packet of any version. */
function startupOf(major: number, minor: number, parameters: Record<string, string>): Buffer {
  const text = Object.entries(parameters).map(([name, value]) => `${name}\0${value}\0`)
  const body = Buffer.from(`${text.join('')}\0`)
  const packet = Buffer.alloc(8)
  packet.writeUInt32BE(packet.length + body.length)
  packet.writeUInt16BE(major, 4)
  packet.writeUInt16BE(minor, 6)
  return Buffer.concat([packet, body])
}

function everything(socket: Socket): Promise<Buffer> {
  const chunks: Buffer[] = []
  socket.on('data', (chunk: Buffer) => chunks.push(chunk))
  return new Promise((resolve) => socket.on('close', () => resolve(Buffer.concat(chunks))))
}

const answer = (socket: Socket): Promise<string> =>
  new Promise((resolve) => socket.once('data', (chunk: Buffer) => resolve(chunk.toString('latin1'))))

function upgrade(socket: Socket, ALPNProtocols: string[] = []): Promise<TLSSocket> {
  const secured = connectTls({ socket, rejectUnauthorized: false, ALPNProtocols })
  secured.on('error', () => undefined)
  return new Promise((resolve, reject) => {
    secured.once('secureConnect', () => resolve(secured))
    secured.once('close', () => reject(new Error('closed')))
  })
}

async function isServed(socket: Socket): Promise<boolean> {
  const client = new RawClient(socket)
  client.send(startup())
  await client.signIn('open sesame')
  const lines = transcript(await client.ask('SELECT 1'))
  client.close()
  return lines.includes('D 1')
}

describe('encryption', () => {
  test('SSLRequest leads to TLS', async () => {
    const socket = dial()
    socket.write(SSL)
    expect(await answer(socket)).toBe('S')
    expect(await isServed(await upgrade(socket))).toBe(true)
    expect(at.credentials.at(-1)).toMatchObject({ tls: true, user: 'ana', database: 'shop' })
  })

  test('GSSENCRequest is answered N, and SSLRequest may follow', async () => {
    const socket = dial()
    socket.write(GSS)
    expect(await answer(socket)).toBe('N')
    socket.write(SSL)
    expect(await answer(socket)).toBe('S')
    expect(await isServed(await upgrade(socket))).toBe(true)
  })

  test.each([
    ['SSLRequest', SSL],
    ['GSSENCRequest', GSS],
  ])('plaintext behind %s is refused before anything else', async (_name, request) => {
    const socket = dial()
    const received = everything(socket)
    socket.write(Buffer.concat([request, startup()]))
    const said = await received
    expect(String.fromCharCode(said[0] as number)).toBe('E')
    expect(decodeReport(said).get('C')).toBe('08P01')
  })

  test('each may be asked for once', async () => {
    const socket = dial()
    socket.write(GSS)
    expect(await answer(socket)).toBe('N')
    const received = everything(socket)
    socket.write(GSS)
    expect(decodeReport(await received).get('C')).toBe('08P01')
  })

  test('TLS is not asked for inside TLS', async () => {
    const socket = dial()
    socket.write(SSL)
    await answer(socket)
    const secured = await upgrade(socket)
    const received = everything(secured)
    secured.write(SSL)
    expect(decodeReport(await received).get('C')).toBe('08P01')
  })

  test('a connection that begins with TLS is served when it says postgresql', async () => {
    expect(await isServed(await upgrade(dial(), ['postgresql']))).toBe(true)
  })

  test.each([[[]], [['http/1.1']]])('and not when it says %j', async (protocols) => {
    const secured = await upgrade(dial(), protocols).catch(() => null)
    const served = secured === null ? false : await isServed(secured).catch(() => false)
    expect(served).toBe(false)
  })

  test.each([
    ['after S', Buffer.alloc(0)],
    ['in the middle of its first record', Buffer.from([0x16, 3, 1, 2, 0, 1, 0])],
  ])('D10 a client that vanishes in the handshake, %s, leaves nothing behind', async (_when, begun) => {
    const limit = 2
    await using small = await sessionServer({
      overrides: {
        'proxy.tls.cert': join(folder, 'cert.pem'),
        'proxy.tls.key': join(folder, 'key.pem'),
        'proxy.sessionsMax': limit,
      },
    })
    for (let times = 0; times <= limit; times++) {
      const socket = dial(small.port)
      socket.write(SSL)
      expect(await answer(socket)).toBe('S')
      socket.write(begun)
      socket.resetAndDestroy()
    }
    expect(small.server.sessions).toBe(0)
    expect(small.credentials).toEqual([])
    // Those who are gone are not counted: as many as may be come in.
    await expect.poll(() => isServed(dial(small.port)).catch(() => false)).toBe(true)
    expect(small.trail.named('session.opened')).toHaveLength(1)
    const direct = await RawClient.open(small.direct)
    const others = `SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
                    AND backend_type = 'client backend' AND pid <> pg_backend_pid()`
    await expect.poll(async () => transcript(await direct.ask(others))).toContain('D 0')
    direct.close()
  })

  test('without a certificate the answer is N', async () => {
    await using plain = await sessionServer()
    const socket = dial(plain.port)
    socket.write(SSL)
    expect(await answer(socket)).toBe('N')
    expect(await isServed(socket)).toBe(true)
  })

  test('where TLS is required, a plain connection is refused before it names anyone', async () => {
    await using strict = await sessionServer({ overrides: { 'proxy.tls.required': true } })
    await expect(RawClient.open(strict.through)).rejects.toThrow('28000')
    expect(strict.credentials).toEqual([])
  })
})

describe('versions', () => {
  test.each([
    ['3.0', 3, 0, {}],
    ['3.2', 3, 2, {}],
    ['3.9999', 3, 9999, {}],
    ['3.0 with an unknown option', 3, 0, { '_pq_.test': '1' }],
    ['3.2 with unknown options', 3, 2, { '_pq_.a': '1', '_pq_.b': '2' }],
    ['3.7 with an unknown option', 3, 7, { '_pq_.a': '1' }],
  ] as const)('%s is negotiated as PostgreSQL 18 does', async (_name, major, minor, options) => {
    const url = new URL(at.direct)
    const direct = new RawClient(dial(Number(url.port)))
    direct.send(startupOf(major, minor, { user: 'postgres', database: url.pathname.slice(1), ...options }))
    const through = new RawClient(dial())
    through.send(startupOf(major, minor, { user: 'ana', database: 'shop', ...options }))
    const said = async (client: RawClient): Promise<readonly Buffer[]> =>
      (await client.until('R')).filter(({ type }) => type === 'v').map(({ bytes }) => bytes)
    expect(await said(through)).toEqual(await said(direct))
    direct.close()
    through.close()
  })

  test.each([
    [2, 0],
    [4, 0],
  ])('%d.%d is refused', async (major, minor) => {
    const socket = dial()
    const received = everything(socket)
    socket.write(startupOf(major, minor, { user: 'ana' }))
    expect(decodeReport(await received).get('C')).toBe('0A000')
  })

  test.each([
    [0, 12],
    [2, 40],
  ])('protocol 3.%d has a cancel key of %d bytes, and the server’s own is never shown', async (minor, bytes) => {
    const client = new RawClient(dial())
    client.send(startupOf(3, minor, { user: 'ana', database: 'shop' }))
    await client.signIn('open sesame')
    const keys = client.received.filter(({ type }) => type === 'K')
    expect(keys).toHaveLength(1)
    expect(keys[0]?.bytes).toHaveLength(bytes + 1)
    const pid = transcript(await client.ask('SELECT pg_backend_pid()')).find((line) => line.startsWith('D '))
    expect(pid).not.toBe(`D ${keys[0]?.bytes.readInt32BE(5)}`)
    client.close()
  })
})

describe('who comes in', () => {
  const refused = async (password: string, parameters: Record<string, string> = {}): Promise<string> => {
    const client = new RawClient(dial())
    client.send(startup(parameters))
    return client.signIn(password).then(
      () => 'served',
      (error: Error) => error.message,
    )
  }

  test('nobody without a credential, and nothing reaches the database before', async () => {
    const before = at.trail.named('session.opened').length
    expect(await refused('guess')).toContain('28P01 The token is not valid')
    expect(at.trail.named('session.opened')).toHaveLength(before)
    expect(at.trail.named('session.refused').at(-1)).toMatchObject({ user: 'ana', reason: 'The token is not valid' })
    expect(JSON.stringify(at.trail.entries)).not.toContain('guess')
  })

  test('nobody to a target that is not there', async () => {
    expect(await refused('open sesame', { database: 'other' })).toContain('3D000')
  })

  test.each([
    ['role', { role: 'postgres' }],
    ['session_authorization', { options: '-c session_authorization=postgres' }],
    ['search_path', { options: '--search-path=evil' }],
    ['replication', { replication: 'database' }],
    ['standard_conforming_strings', { options: '-c standard_conforming_strings=off' }],
    ['client_connection_check_interval', { options: '-c client_connection_check_interval=0' }],
    ['a switch', { options: '-d 5' }],
    ['a setting of no value', { options: '-c work_mem' }],
    ['a nameless setting', { options: '-c =x' }],
    ['shared_preload_libraries', { session_preload_libraries: 'auto_explain' }],
    ['holdpoint.on_hold', { options: '-c holdpoint.on_hold=defer' }],
  ])('%s cannot be set on the way in', async (_name, parameters) => {
    const before = at.credentials.length
    expect(await refused('open sesame', parameters)).toMatch(/42501|42601|22023/)
    expect(at.credentials).toHaveLength(before)
  })

  test('what is harmless goes to the server, and ours does not', async () => {
    const client = new RawClient(dial())
    client.send(
      startup({
        options: '-c DateStyle=ISO,\\ DMY -c holdpoint.reason=why --statement-timeout=5s',
        TimeZone: 'Asia/Tokyo',
        application_name: 'it',
      }),
    )
    await client.signIn('open sesame')
    const shown = transcript(
      await client.ask(
        "SELECT current_setting('datestyle'), current_setting('timezone'), current_setting('statement_timeout'), current_setting('application_name'), current_setting('holdpoint.reason', true), current_setting('client_encoding')",
      ),
    )
    expect(shown).toContain('D ISO, DMY|Asia/Tokyo|5s|it||UTF8')
    client.close()
  })

  test.each([
    ['a query instead of a password', serialize.query('SELECT 1')],
    ['a second startup', startup()],
    ['a Terminate of the wrong length', Buffer.from([0x58, 0, 0, 0, 3])],
    ['a password too long', Buffer.from([0x70, 0, 1, 0, 5])],
  ])('%s ends the connection', async (_name, bytes) => {
    const client = new RawClient(dial())
    client.send(startup())
    await client.until('R')
    client.send(bytes)
    expect(reportOf(await client.toTheEnd()).C).toBe('08P01')
  })

  test('whoever stays silent is let go', async () => {
    const received = await everything(dial())
    expect(received).toHaveLength(0)
  })

  test('no more than may be', async () => {
    await using small = await sessionServer({ overrides: { 'proxy.sessionsMax': 1 } })
    const first = await RawClient.open(small.through)
    await expect(RawClient.open(small.through)).rejects.toThrow('53300')
    first.close()
    await expect.poll(() => small.server.sessions).toBe(0)
  })

  test('a database that cannot be reached is said so', async () => {
    await using lost = await sessionServer({ target: { port: 1 } })
    await expect(RawClient.open(lost.through)).rejects.toThrow('08001')
  })

  test('a credential of ours that the database refuses is not shown to the client', async () => {
    await using wrong = await sessionServer({ target: { password: 'wrong', user: 'postgres' } })
    await expect(RawClient.open(wrong.through)).rejects.toThrow('refuses Holdpoint’s own credential')
  })
})

describe('cancel requests', () => {
  const cancel = async (key: Buffer): Promise<Buffer> => {
    const socket = dial()
    const received = everything(socket)
    socket.write(encodeCancelRequest(key))
    return received
  }
  const keyOf = (client: RawClient): Buffer =>
    Buffer.from((client.received.find(({ type }) => type === 'K')?.bytes ?? Buffer.alloc(0)).subarray(5))

  test('stop the own statement and nothing else, and are never answered', async () => {
    const [client, other] = [await RawClient.open(at.through), await RawClient.open(at.through)]
    client.send(serialize.query('SELECT pg_sleep(60), 2'))
    other.send(serialize.query('SELECT pg_sleep(1), 1'))
    const direct = await RawClient.open(at.direct)
    const asleep = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep(%), _' AND state = 'active'"
    await expect.poll(async () => transcript(await direct.ask(asleep))).toContain('D 2')
    direct.close()
    const wrong = keyOf(client)
    wrong[6] = (wrong[6] as number) ^ 1
    expect(await cancel(wrong)).toHaveLength(0)
    expect(await cancel(keyOf(client).subarray(0, 7))).toHaveLength(0)
    expect(at.cancelledElsewhere.length).toBeGreaterThanOrEqual(2)
    expect(await cancel(keyOf(client))).toHaveLength(0)
    expect(transcript(await client.until('Z'))).toEqual(['T', 'E 57014', 'Z I'])
    expect(transcript(await other.until('Z'))).toContain('C SELECT 1')
    client.close()
    other.close()
  })

  test('a key is nobody’s after its session', async () => {
    const client = await RawClient.open(at.through)
    const key = keyOf(client)
    client.close()
    await expect.poll(() => at.server.cancel(key)).toBe(false)
  })
})
