import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { Command } from 'commander'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest'
import { loadConfig } from '../../config.ts'
import { explainCommand } from '../../proxy/explain-command.ts'
import { temporaryFolder } from '../harness/holdpoint.ts'
import { POLICIES } from '../policies/default-policy.ts'
import { type Message, type RawClient, reportOf } from '../proxy/session/raw-client.ts'
import { dangers } from './dangers.ts'
import { openStand, type Stand } from './stand.ts'

let stand: Stand
let folder: string
let client: RawClient
beforeAll(async () => {
  stand = await openStand()
  folder = temporaryFolder()
  const { hostname, port, username, password } = new URL(stand.database.url)
  const target = { name: 'prod/adversary', environment: 'production', host: hostname, port: Number(port) }
  const whole = { ...target, database: stand.database.name, user: username, password, tls: 'disable' }
  writeFileSync(join(folder, 'config.json'), JSON.stringify({ mode: 'development', targets: [whole] }))
}, 180_000)
afterAll(async () => {
  await stand?.[Symbol.asyncDispose]()
  rmSync(folder, { recursive: true, force: true })
})
beforeEach(async () => {
  client = await stand.open('ana')
  await client.ask('SET statement_timeout = 200')
})
afterEach(() => client.close())

interface Decided {
  readonly outcome: string
  readonly rules: readonly string[]
}

/** @returns what decides: the worst of the message's decisions, with the rules that said so */
async function explained(sql: string): Promise<Decided> {
  const command = explainCommand({
    env: process.env,
    configOf: () => loadConfig(process.env, { 'policies.path': POLICIES, data: folder }, join(folder, 'config.json')),
    process: { stdin: Readable.from([sql]), exitCode: undefined },
  })
  const write = vi.spyOn(process.stdout, 'write').mockReturnValue(true)
  let printed = ''
  try {
    const args = ['explain', '--as', 'ana', '--target', 'prod/adversary', '--json']
    await new Command().addCommand(command.exitOverride()).parseAsync(args, { from: 'user' })
    printed = write.mock.calls.map(([text]) => String(text)).join('')
  } finally {
    write.mockRestore()
  }
  const decisions = printed
    .trimEnd()
    .split('\n')
    .map(
      (line) =>
        (JSON.parse(line) as { decision: { outcome: string; rules: { id: string; outcome: string }[] } }).decision,
    )
  const outcome = ['deny', 'hold'].find((each) => decisions.some((decision) => decision.outcome === each)) ?? 'allow'
  const rules = decisions.flatMap((decision) => decision.rules.filter((rule) => rule.outcome === outcome))
  return { outcome, rules: outcome === 'allow' ? [] : [...new Set(rules.map(({ id }) => id))].sort() }
}

/** @returns the same of what became of the statement on the wire; null rules: it got the server's own answer */
function lived(messages: readonly Message[]): { readonly outcome: string; readonly rules: readonly string[] | null } {
  const { C: code, D: detail = '', M: message = '' } = reportOf(messages)
  if (code === 'YH001') {
    const { rules } = JSON.parse(detail) as { rules: { id: string }[] }
    return { outcome: 'hold', rules: [...new Set(rules.map(({ id }) => id))].sort() }
  }
  if (code === '42501' && message.startsWith('Holdpoint denied')) {
    return { outcome: 'deny', rules: [...new Set(detail.replace('Rule ', '').split(', '))].sort() }
  }
  return detail.includes('Holdpoint') || detail.startsWith('Nothing of that name is in this session')
    ? { outcome: 'deny', rules: null }
    : { outcome: 'allow', rules: [] }
}

const corpus = [
  'SELECT 1; SELECT pg_sleep(1000)',
  'SELECT id FROM customers; SELECT pg_sleep(1000)',
  'SELECT pg_sleep(0)',
  "SELECT CASE WHEN email LIKE 'a%' THEN pg_sleep(0) END FROM customers",
  'SELECT CASE WHEN count(*) > 0 THEN pg_sleep(0) END FROM payments',
  'SELECT * FROM customers',
  'COPY customers TO STDOUT',
  'COPY payments TO STDOUT',
  "SET work_mem = '8MB'; SELECT id FROM payments",
  'SET client_connection_check_interval = 0',
  'SET ROLE postgres',
  'SELEC 1',
  'SELECT * FROM no_such_table',
  'DELETE FROM payments WHERE id = 1; DELETE FROM payments',
  'BEGIN; DECLARE c CURSOR FOR SELECT id, email FROM customers; MOVE 1 FROM c; FETCH 1 FROM c; COMMIT',
  'CLOSE nothing',
  'DEALLOCATE nothing',
  'FETCH nothing',
  'EXECUTE nothing',
  ...Object.values(dangers).flatMap((list) =>
    list
      .filter(({ length }) => length === 2)
      .slice(0, 2)
      .map(([, sql = '']) => sql),
  ),
]

test.each(corpus)('holdpoint explain says what becomes of it: %s', async (sql) => {
  const before = await explained(sql)
  const { outcome, rules } = lived(await client.ask(sql))
  expect({ outcome, rules: rules ?? before.rules }).toEqual(before)
})
