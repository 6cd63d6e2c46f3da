import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Command, CommanderError } from 'commander'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { holdsCommand } from '../../../bot/holds-command/holds-command.ts'
import type { Hold } from '../../../workflows/holds/hold.ts'
import { type ConsoleUnderTest, startConsole } from '../console/console-under-test.ts'
import { sampleHold } from '../console/sample-hold.ts'

let site: ConsoleUnderTest
let hold: Hold

beforeAll(async () => {
  site = await startConsole()
})
afterAll(() => site[Symbol.asyncDispose]())
beforeEach(async () => {
  hold = await site.holds.create(sampleHold(site.issuer))
})

interface Invocation {
  readonly as?: string
  readonly token?: string
  readonly url?: string | undefined
}

/** Runs it as the command line does. @returns what it printed */
async function holdpoint(line: readonly string[], { as = 'ben', token, url }: Invocation = {}): Promise<string> {
  let printed = ''
  const given = token ?? (await site.token(as))
  const command = holdsCommand({
    token: given === '' ? undefined : given,
    consoleUrl: () => url ?? site.origin,
    write: (text) => {
      printed += text
    },
    now: Date.now,
  })
  const quiet = (one: Command): void => {
    one.exitOverride().configureOutput({ writeErr: () => undefined })
    one.commands.forEach(quiet)
  }
  const program = new Command('holdpoint').option('--data <dir>').addCommand(command)
  quiet(program)
  await program.parseAsync(['holds', ...line], { from: 'user' })
  return printed
}

describe('holds list', () => {
  test('shows who wants what, where, how much and until when, aligned', async () => {
    const [head, ...rows] = (await holdpoint(['list'])).trimEnd().split('\n')
    const row = rows.find((line) => line.startsWith(hold.id)) ?? ''
    expect(row).toMatch(
      /pending {2}1[45] min left {2}report-bot for ana {2}prod\/shop {2}3,000 of 3,000 rows {2}DELETE/,
    )
    expect(row.indexOf('report-bot')).toBe(head?.indexOf('ASKED BY'))
  })

  test('gives one line of JSON to scripts', async () => {
    const holds = JSON.parse(await holdpoint(['list', '--json', '--limit', '1'])) as { id: string }[]
    expect(holds).toHaveLength(1)
  })

  test('says so when nothing waits', async () => {
    expect(await holdpoint(['list', '--status', 'expired'])).toBe('Nothing is held.\n')
  })
})

test('holds show prints the whole record', async () => {
  const text = await holdpoint(['show', hold.id])
  expect(text).toContain('Asked by  report-bot for ana')
  expect(text).toContain('Table     public.customers (delete, holds email, phone, card)')
  expect(text).toContain('Note      It has no WHERE: every row of the table is meant.')
  expect(text).toContain('Needs     0 of 1 from dba')
  expect(text).toContain('\n\n    DELETE FROM customers\n')
})

test('nothing that others wrote drives the terminal', async () => {
  hold = await site.holds.create(
    sampleHold(site.issuer, {
      statement: 'SELECT 1 \u001b[2J\u001b]0;title\u0007 \u202e',
      application: 'x\r\nYou  may',
    }),
  )
  for (const line of [['show', hold.id], ['list']]) {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
    expect(await holdpoint(line)).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/)
  }
})

test('holds approve, reject and withdraw answer it', async () => {
  expect(await holdpoint(['approve', hold.id])).toBe(`${hold.id}: Approved. report-bot has not run it yet.\n`)
  expect((await site.holds.find(hold.id))?.votes).toMatchObject([{ via: 'command_line', choice: 'approve' }])
  hold = await site.holds.create(sampleHold(site.issuer))
  expect(await holdpoint(['reject', hold.id, '-m', 'not on a Friday'])).toContain('Rejected. It did not run.')
  expect((await site.holds.find(hold.id))?.votes).toMatchObject([{ reason: 'not on a Friday' }])
  hold = await site.holds.create(sampleHold(site.issuer))
  expect(await holdpoint(['withdraw', hold.id], { as: 'ana' })).toContain('Taken back by who asked.')
})

describe('what does not work says what to do, with a status for scripts', () => {
  test('no token', async () => {
    await expect(holdpoint(['list'], { token: '' })).rejects.toMatchObject({ code: 'no_token', exitStatus: 3 })
  })

  test('a bad token', async () => {
    await expect(holdpoint(['list'], { token: 'nonsense' })).rejects.toMatchObject({
      exitStatus: 3,
      hint: expect.stringContaining('HOLDPOINT_TOKEN'),
    })
  })

  test('no console known', async () => {
    await expect(holdpoint(['list'], { url: '' })).rejects.toMatchObject({ code: 'no_console', exitStatus: 1 })
  })

  test('nobody listens', async () => {
    await expect(holdpoint(['list', '--url', 'http://127.0.0.1:1'])).rejects.toMatchObject({
      code: 'unreachable',
      message: 'The console at http://127.0.0.1:1 does not answer',
    })
  })

  test('something else answers, and does not get the token twice', async () => {
    let asked = 0
    const other = createServer((_request, response) => {
      asked++
      response.writeHead(307, { location: '/elsewhere' }).end()
    })
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
    const { port } = other.address() as AddressInfo
    await expect(holdpoint(['list', '--url', `http://127.0.0.1:${port}`])).rejects.toMatchObject({ exitStatus: 1 })
    other.close()
    expect(asked).toBe(1)
  })

  test.each([
    ['no such hold', ['show', 'hold_nosuch'], 4],
    ['one’s own agent’s', ['approve', 'HOLD'], 3],
    ['a word that is no hold', ['show', '../me'], 1],
  ] as const)('%s', async (_what, line, exitStatus) => {
    const words = line.map((word) => (word === 'HOLD' ? hold.id : word))
    await expect(holdpoint(words, { as: 'ana' })).rejects.toMatchObject({ exitStatus })
  })

  test('decided already', async () => {
    await holdpoint(['approve', hold.id])
    await expect(holdpoint(['approve', hold.id], { as: 'cleo' })).rejects.toMatchObject({ exitStatus: 5 })
  })

  test('a rejection without a reason', async () => {
    await expect(holdpoint(['reject', hold.id])).rejects.toThrow(CommanderError)
  })
})
