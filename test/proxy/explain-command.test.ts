import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { Command } from 'commander'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { loadConfig } from '../../config.ts'
import { explainCommand } from '../../proxy/explain-command.ts'
import { POLICIES } from '../policies/default-policy.ts'
import { type GateStand, openGateStand } from './gate-stand.ts'

let stand: GateStand
let folder: string
const ended: { exitCode?: number | string | null | undefined } = {}
beforeAll(async () => {
  stand = await openGateStand()
  folder = mkdtempSync(join(tmpdir(), 'holdpoint-explain-'))
  const { hostname, port, username, password } = new URL(stand.database.url)
  const target = { name: 'prod/shop', environment: 'production', host: hostname, port, database: stand.database.name }
  const whole = { ...target, user: username, password, tls: 'disable' }
  writeFileSync(join(folder, 'config.json'), JSON.stringify({ mode: 'development', targets: [whole] }))
}, 180_000)
afterAll(async () => {
  await stand?.[Symbol.asyncDispose]()
  rmSync(folder, { recursive: true, force: true })
})

/** What `holdpoint explain …` prints. */
async function explain(args: readonly string[], stdin = ''): Promise<string> {
  const overrides = { 'policies.path': POLICIES, data: folder }
  const command = explainCommand({
    env: process.env,
    configOf: () => loadConfig(process.env, overrides, join(folder, 'config.json')),
    process: Object.assign(ended, { stdin: Readable.from([stdin]), exitCode: undefined }),
  })
  const write = vi.spyOn(process.stdout, 'write').mockReturnValue(true)
  try {
    await new Command().addCommand(command.exitOverride()).parseAsync(['explain', ...args], { from: 'user' })
    return write.mock.calls.map(([text]) => String(text)).join('')
  } finally {
    write.mockRestore()
  }
}

const objects = (printed: string) =>
  printed
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { facts: { kind: string }; decision: { outcome: string; onHold: string } })

describe('explain', () => {
  test('prints one object for each statement', async () => {
    const printed = objects(await explain(['SELECT 1; DELETE FROM orders; DROP TABLE orders', '--as', 'ana', '--json']))
    expect(printed.map(({ decision }) => decision.outcome)).toEqual(['allow', 'hold', 'deny'])
    expect(printed.map((each) => Object.keys(each))).toEqual(Array(3).fill(['facts', 'decision']))
  })

  test('shows the facts that each rule saw, to programs and to people', async () => {
    const [printed] = objects(await explain(['DROP TABLE orders', '--as', 'ana', '--json']))
    expect(printed).toMatchObject({
      decision: {
        factsUsed: [
          {
            rule: 'production.drop',
            facts: { 'statement.tag': 'DROP TABLE', 'target.environment': 'production' },
          },
        ],
      },
    })
    expect(await explain(['DROP TABLE orders', '--as', 'ana'])).toMatch(
      /because statement\.kind: drop; statement\.relations: public\.orders \(drop\);/,
    )
  })

  test('denies what cannot be parsed, as an object like any other', async () => {
    const [printed] = objects(await explain(['SELEC 1', '--as', 'ana', '--json']))
    expect(printed).toMatchObject({ decision: { outcome: 'deny', rules: [{ id: 'gate.syntax' }] } })
  })

  test('reads a file and standard input', async () => {
    writeFileSync(join(folder, 'a.sql'), 'DELETE FROM orders')
    expect(objects(await explain(['--file', join(folder, 'a.sql'), '--as', 'ana', '--json']))).toMatchObject([
      { facts: { kind: 'delete' } },
    ])
    expect(objects(await explain(['--as', 'ana', '--json'], 'SELECT 1'))).toMatchObject([{ facts: { kind: 'select' } }])
  })

  test('denies what the server would not be sent whole, and refuses a file that is not text', async () => {
    writeFileSync(join(folder, 'nul.sql'), 'SELECT 1\0; DROP TABLE orders')
    expect(objects(await explain(['--file', join(folder, 'nul.sql'), '--as', 'ana', '--json']))).toMatchObject([
      { decision: { outcome: 'deny', rules: [{ id: 'gate.syntax' }] } },
    ])
    writeFileSync(join(folder, 'latin.sql'), Buffer.from("SELECT 'caf\xe9'", 'latin1'))
    await expect(explain(['--file', join(folder, 'latin.sql'), '--as', 'ana'])).rejects.toThrow(/is not UTF-8/)
    const [latin] = objects(await explain(['--file', join(folder, 'latin.sql'), '--as', 'ana', '--json']))
    expect(latin).toMatchObject({ decision: { outcome: 'deny', rules: [{ id: 'explain.sql_not_utf8' }] } })
    await expect(explain(['--file', join(folder, 'none.sql'), '--as', 'ana'])).rejects.toThrow(
      /cannot be read \(ENOENT/,
    )
  })

  test('asks as a person, an agent, a service, or anybody as JSON', async () => {
    const held = async (as: string) => {
      const [printed] = objects(await explain(["UPDATE customers SET email = 'x' WHERE id = 1", '--as', as, '--json']))
      return [printed?.decision.outcome, printed?.decision.onHold]
    }
    expect(await held('ana')).toEqual(['allow', null])
    expect(await held('report-bot')).toEqual(['hold', 'error'])
    expect(await held('etl')).toEqual(['allow', null])
    expect(await held('{"name":"x","kind":"agent","groups":[]}')).toEqual(['hold', 'error'])
  })

  test('takes the mark off that editors put before UTF-8, and says when there is no statement', async () => {
    writeFileSync(join(folder, 'mark.sql'), '\uFEFFSELECT 1')
    expect(objects(await explain(['--file', join(folder, 'mark.sql'), '--as', 'ana', '--json']))).toMatchObject([
      { decision: { outcome: 'allow' } },
    ])
    expect(await explain(['--as', 'ana', '--json'], ' -- nothing\n')).toBe('')
    expect(await explain(['--as', 'ana'], '')).toBe('Nothing: there is no statement in it.\n')
  })

  test('reads a text of megabytes', async () => {
    const text = `DELETE FROM orders WHERE status = '${'x'.repeat(20 * 1024 * 1024)}'`
    expect(objects(await explain(['--as', 'etl', '--json'], text))).toMatchObject([{ facts: { kind: 'delete' } }])
  })

  test.each([
    { args: ['--as', 'nobody'], id: 'explain.identity_unknown' },
    { args: ['--as', '{'], id: 'explain.identity_unknown' },
    { args: ['--as', 'ana', '--target', 'prod/other'], id: 'explain.no_targets' },
  ])('gives programs an object for each statement, denied, where it cannot ask: $args', async ({ args, id }) => {
    const printed = objects(await explain(['SELECT 1; DROP TABLE orders', '--json', ...args]))
    expect(printed).toMatchObject(Array(2).fill({ decision: { outcome: 'deny', rules: [{ id }] } }))
    expect(ended.exitCode).toBe(1)
  })

  test('numbers several statements, names each rule with what it saw, and keeps to the width', async () => {
    const printed = await explain(['COPY customers TO STDOUT; SELECT 1', '--as', 'ana'])
    expect(printed).toMatch(/^DENY {2}1 of 2\n/)
    expect(printed).toContain('\nALLOW  2 of 2\n')
    expect(printed.match(/COPY cannot mask/g)).toHaveLength(1)
    expect(printed).toMatch(/\n {2}touches {2}public\.customers \(select\) \[/)
    expect(Math.max(...printed.split('\n').map(({ length }) => length))).toBeLessThanOrEqual(120)
    expect(printed).not.toContain('\u001b')
  })

  test('says it in words, with what is hidden in the text made visible', async () => {
    const printed = await explain(['DELETE FROM orders -- \u202e', '--as', 'ana'])
    expect(printed).toMatch(/^HOLD\n/)
    expect(printed).toContain('production.unbounded_write')
    expect(printed).toContain('1 of dba within 15 min')
    expect(printed).not.toContain('\u202e')
  })

  test.each([
    { args: ['SELECT 1', '--as', 'nobody'], says: /no development identity nobody/ },
    { args: ['SELECT 1', '--as', '{"name":1}'], says: /not valid \(.*name/ },
    { args: ['SELECT 1', '--as', '{'], says: /not JSON/ },
    { args: ['SELECT 1', '--as', 'ana', '--target', 'prod/other'], says: /no target prod\/other/ },
  ])('refuses $args', async ({ args, says }) => {
    await expect(explain(args)).rejects.toThrow(says)
  })
})
