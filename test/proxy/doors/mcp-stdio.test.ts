import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { Client } from '@modelcontextprotocol/client'
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { bridge } from '../../../proxy/doors/mcp/stdio-bridge.ts'
import { canariesIn } from '../../adversary/canaries.ts'
import { type DoorsStand, openDoorsStand } from './doors-stand.ts'

let stand: DoorsStand
let tokenFile: string
beforeAll(async () => {
  stand = await openDoorsStand()
  const folder = mkdtempSync(join(tmpdir(), 'holdpoint-mcp-'))
  tokenFile = join(folder, 'token')
  writeFileSync(tokenFile, await stand.token('report-bot'), { mode: 0o600 })
}, 60_000)
afterAll(async () => {
  rmSync(join(tokenFile, '..'), { recursive: true })
  await stand[Symbol.asyncDispose]()
})

async function open(mode: 'auto' | 'legacy', args: readonly string[]): Promise<Client> {
  const client = new Client({ name: 'stdio', version: '1' }, { versionNegotiation: { mode } })
  const entry = join(import.meta.dirname, '../../../holdpoint.ts')
  await client.connect(
    new StdioClientTransport({ command: process.execPath, args: [entry, 'mcp', ...args], stderr: 'pipe' }),
  )
  onTestFinished(() => client.close())
  return client
}

test.each(['auto', 'legacy'] as const)(
  'a client that starts its server (%s) asks and waits as over HTTP',
  async (mode) => {
    const client = await open(mode, ['--url', `${stand.base}/mcp`, '--token-file', tokenFile])
    expect((await client.listTools()).tools).toHaveLength(7)
    const call = async (name: string, args: Record<string, unknown>) =>
      (await client.callTool({ name, arguments: args })).structuredContent as { hold: { id: string } }
    const read = await call('query', { sql: 'SELECT email FROM customers' })
    expect(read).toMatchObject({ status: 'completed', columns: [{ masked: 'email' }] })
    expect(canariesIn(Buffer.from(JSON.stringify(read)))).toEqual([])
    const { hold } = await call('query', { sql: `DELETE FROM order_items /* ${mode} */` })
    const waiting = call('wait_for_hold', { hold: hold.id })
    await stand.answer(hold.id, 'approve')
    expect(await waiting).toMatchObject({ status: 'completed', tag: 'DELETE 0' })
  },
  60_000,
)

test('a bad token, an endpoint that is away, and a bad line are answered with an error', async () => {
  const said = async (url: string, line: string): Promise<unknown> => {
    const [input, output] = [new PassThrough(), new PassThrough()]
    input.end(`${line}\n`)
    await bridge({ url, token: 'nonsense', input, output })
    return JSON.parse(String(output.read()))
  }
  const ask = '{"jsonrpc":"2.0","id":7,"method":"tools/list","params":{}}'
  const refused = { id: 7, error: { code: -32_603 } }
  expect(await said(`${stand.base}/mcp`, ask)).toMatchObject(refused)
  expect(await said('http://127.0.0.1:1/mcp', ask)).toMatchObject(refused)
  expect(await said(`${stand.base}/mcp`, '{"half":')).toMatchObject({ id: null, error: { code: -32_700 } })
})
