import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest'
import { freePort } from '../../workflows/development/free-port.ts'
import { openState } from '../../workflows/state/state.ts'
import { type RunningHoldpoint, startHoldpoint, temporaryFolder } from '../harness/holdpoint.ts'
import { putInForce } from '../harness/release-in-force.ts'
import { defaultPolicies } from '../policies/default-policy.ts'

/** proxy, worker and bot on their own, with databases and identity provider of a development tree to lean on. */
let tree: RunningHoldpoint
const folder = mkdtempSync(join(tmpdir(), 'holdpoint-production-'))
const config = join(folder, 'holdpoint.yaml')
let ports: { readonly proxy: number; readonly console: number; readonly doors: number }

beforeAll(async () => {
  tree = await startHoldpoint({ data: temporaryFolder() })
  ports = { proxy: await freePort(), console: await freePort(), doors: await freePort() }
  const made = JSON.parse(readFileSync(join(tree.data, 'config.json'), 'utf8'))
  const production = {
    ...made,
    mode: 'production',
    data: join(folder, 'data'),
    proxy: { ...made.proxy, port: ports.proxy, workers: 2 },
    doors: { ...made.doors, port: ports.doors, publicUrl: `http://127.0.0.1:${ports.doors}` },
    console: { ...made.console, port: ports.console, publicUrl: `http://127.0.0.1:${ports.console}` },
  }
  writeFileSync(config, JSON.stringify(production))
  const pool = openState(made.state.url)
  await putInForce(pool, await defaultPolicies())
  await pool.end()
}, 120_000)
afterAll(async () => {
  await tree.stop()
  for (const path of [folder, tree.data]) rmSync(path, { recursive: true, force: true })
})

/** Until it says on stderr that it is up. */
async function run(command: string, sign: string): Promise<ChildProcess> {
  const child = spawn(process.execPath, ['holdpoint.ts', command, '--config', config], { stdio: ['ignore', 2, 'pipe'] })
  onTestFinished(() => void child.kill('SIGKILL'))
  let said = ''
  child.stderr?.on('data', (chunk: Buffer) => {
    said += chunk.toString('utf8')
  })
  await vi.waitFor(() => expect(said).toContain(sign), 30_000)
  return child
}

function ended(child: ChildProcess): Promise<number | null> {
  return new Promise((resolve) => child.once('exit', resolve))
}

interface BackendKey {
  readonly processID: number
  readonly secretKey: number
}

/** https://www.postgresql.org/docs/current/protocol-message-formats.html#PROTOCOL-MESSAGE-FORMATS-CANCELREQUEST */
function cancel({ processID, secretKey }: BackendKey): Promise<void> {
  const request = Buffer.alloc(16)
  for (const [index, value] of [16, 80_877_102, processID, secretKey].entries()) request.writeInt32BE(value, index * 4)
  return new Promise((resolve, reject) => {
    const socket = connect(ports.proxy, '127.0.0.1', () => socket.write(request))
    socket
      .once('error', reject)
      .once('close', () => resolve())
      .resume()
  })
}

const proxyUrl = (name: string, database: string): string => {
  const url = new URL(tree.identity(name).postgres)
  url.port = `${ports.proxy}`
  url.pathname = `/${database}`
  return url.href
}

test('the proxy serves from a configuration, on several processes, and ends when it is told to', async () => {
  const proxy = await run('proxy', 'the proxy listens')
  const client = new pg.Client(proxyUrl('ana', 'prod/shop'))
  await client.connect()
  client.on('error', () => undefined)
  const { rows } = await client.query('SELECT email FROM customers WHERE id = 1')
  expect(rows[0].email).toMatch(/\*/)
  for (let request = 0; request < 6; request++) {
    const response = await fetch(`http://127.0.0.1:${ports.doors}/v1/targets/prod/shop/statements`, {
      method: 'POST',
      headers: { authorization: `Bearer ${tree.identity('ana').token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ sql: 'SELECT email FROM customers WHERE id = 1' }),
    })
    expect(await response.json()).toMatchObject({
      rows: [[rows[0].email]],
      columns: [{ name: 'email', masked: 'email' }],
    })
  }
  const exit = ended(proxy)
  proxy.kill('SIGTERM')
  expect(await exit).toBe(0)
  await expect(new pg.Client(proxyUrl('ana', 'prod/shop')).connect()).rejects.toThrow('ECONNREFUSED')
})

test('worker and bot run by themselves', async () => {
  const worker = await run('worker', 'started')
  const bot = await run('bot', 'started')
  const response = await fetch(`http://127.0.0.1:${ports.console}/api/me`, {
    headers: { authorization: `Bearer ${tree.identity('ben').token}` },
  })
  expect(await response.json()).toMatchObject({ name: 'ben', development: false })
  const exits = [ended(worker), ended(bot)]
  for (const child of [worker, bot]) child.kill('SIGTERM')
  expect(await Promise.all(exits)).toEqual([0, 0])
})

test('a cancel request finds its session, whichever process it arrives at', async () => {
  await run('proxy', 'the proxy listens')
  for (let attempt = 0; attempt < 6; attempt++) {
    const client = new pg.Client(proxyUrl('ana', 'shop'))
    await client.connect()
    // Held until someone approves, so only a cancel can end it.
    const held = client.query('DELETE FROM payments')
    const noticed = new Promise((resolve) => client.once('notice', resolve))
    const refused = expect(held).rejects.toMatchObject({ code: '57014' })
    await noticed
    await cancel(client as unknown as BackendKey)
    await refused
    await client.end()
  }
}, 60_000)
