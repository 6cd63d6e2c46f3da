import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Command, CommanderError } from 'commander'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { holdsCommand } from '../../../bot/holds-command/holds-command.ts'
import type { Hold } from '../../../workflows/holds/hold.ts'
import { copyHold } from '../../harness/many-holds.ts'
import { type ConsoleUnderTest, startConsole } from '../console/console-under-test.ts'
import { sampleHold, sampleOf } from '../console/sample-hold.ts'

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

  test('lists as many as wanted, page by page, and says when there are more', async () => {
    await copyHold(site.pool, hold.id, 600)
    const holds = JSON.parse(await holdpoint(['list', '--json', '--limit', '599'])) as { id: string }[]
    expect(new Set(holds.map(({ id }) => id)).size).toBe(599)
    const said = (await holdpoint(['list', '--limit', '3'])).trimEnd().split('\n')
    expect([said.length, said.at(-1)]).toEqual([5, 'There are more; --limit says how many to list.'])
    expect(await holdpoint(['list', '--limit', '100000'])).not.toContain('There are more')
    await site.pool.query("UPDATE hold SET status = 'withdrawn' WHERE id <> $1", [hold.id])
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
  expect(text).toContain('Approved  by 0 of 1 from dba')
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

test('the count of approvals has one place for each person, and for who answers for somebody else', async () => {
  const sample = sampleHold(site.issuer)
  const reviewers = [
    { group: 'dba', count: 1 },
    { group: 'engineers', count: 1 },
  ]
  const { id } = await site.holds.create({ ...sample, decision: { ...sample.decision, reviewers } })
  // Ben is in both groups.
  expect(await holdpoint(['approve', id])).toBe(
    `${id}: Waiting for an answer. Approved by 1 of 1 from dba, 0 of 1 from engineers.\n`,
  )
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
    ['a word that is no hold', ['show', '../me'], 4],
    ['a word that is another address', ['withdraw', '..'], 4],
    ['no word at all', ['approve', ''], 4],
    ['a rejection with an empty reason', ['reject', 'HOLD', '-m', ' '], 2],
  ] as const)('%s', async (_what, line, exitStatus) => {
    const words = line.map((word) => (word === 'HOLD' ? hold.id : word))
    await expect(holdpoint(words, { as: 'ana' })).rejects.toMatchObject({ exitStatus })
  })

  test.each(['0', '100001', 'many', '2.5'])('a limit of %s', async (limit) => {
    await expect(holdpoint(['list', '--limit', limit])).rejects.toThrow(CommanderError)
  })

  test('somebody else’s that they may answer, or not even see, and one that has ended', async () => {
    await expect(holdpoint(['withdraw', hold.id], { as: 'ben' })).rejects.toMatchObject({ exitStatus: 3 })
    await holdpoint(['withdraw', hold.id], { as: 'ana' })
    await holdpoint(['withdraw', hold.id], { as: 'ana' })
    await expect(holdpoint(['reject', hold.id, '-m', 'no'])).rejects.toMatchObject({ exitStatus: 5 })
    const other = sampleOf('zoe', site.issuer)
    const decision = { ...other.decision, reviewers: [{ group: 'nobody-here', count: 1 }] }
    const hidden = await site.holds.create({ ...other, decision })
    for (const line of [['show'], ['approve'], ['withdraw'], ['reject', '-m', 'no']])
      await expect(holdpoint([...line, hidden.id], { as: 'ana' })).rejects.toMatchObject({ exitStatus: 4 })
  })

  test('decided already', async () => {
    await holdpoint(['approve', hold.id])
    await expect(holdpoint(['approve', hold.id], { as: 'cleo' })).rejects.toMatchObject({ exitStatus: 5 })
  })

  test('a rejection without a reason', async () => {
    await expect(holdpoint(['reject', hold.id])).rejects.toThrow(CommanderError)
  })
})

describe('what is said about a hold', () => {
  const answering = {
    reasonRequired: true,
    remindMs: null,
    escalate: null,
    onCall: [],
    delegates: { dba: ['engineers'] },
    breakGlass: { group: 'engineers', reviewMs: 86_400_000 },
    sameShape: { runs: 2, ms: 60_000 },
  }
  const asked = (changes: object = {}): Promise<Hold> => {
    const sample = sampleHold(site.issuer, changes)
    return site.holds.create({ ...sample, decision: { ...sample.decision, answering } })
  }

  test('a reason by who asked, and then an approval of all that are alike', async () => {
    const { id } = await asked({ shape: 'shape-1' })
    expect(await holdpoint(['show', id])).toContain('Wants     a reason')
    await expect(holdpoint(['approve', id])).rejects.toMatchObject({ exitStatus: 5 })
    await holdpoint(['reason', id, '-m', 'doubles'], { as: 'ana' })
    await holdpoint(['approve', id, '--alike'])
    const shown = await holdpoint(['show', id])
    expect(shown).toContain('Reason    doubles')
    expect(shown).toContain('Covers    others like it: 0 of 2 runs until')
    const next = await asked({ shape: 'shape-1', reason: 'more of them' })
    expect(await holdpoint(['show', next.id])).toContain(`Through   the approval of ${id}, run 1`)
  })

  test('the glass broken by who asked, and its review', async () => {
    const { id } = await asked({ identity: { ...sampleOf('ana', site.issuer).identity } })
    await holdpoint(['show', id], { as: 'ana' })
    await expect(holdpoint(['break-glass', id, '-m', 'down'])).rejects.toMatchObject({ exitStatus: 3 })
    const broken = await holdpoint(['break-glass', id, '-m', 'the shop is down'], { as: 'ana' })
    expect(broken).toBe(`${id}: Approved by nobody. ana has not run it yet.\n`)
    expect(await holdpoint(['show', id])).not.toContain('Wants')
    expect(await holdpoint(['show', id])).toContain('Glass     broken: the shop is down')
    await expect(holdpoint(['review', id, '--disputed'])).rejects.toMatchObject({ exitStatus: 2 })
    expect(await holdpoint(['review', id, '--disputed', '-m', 'it was not'])).toBe(`${id}: disputed.\n`)
    expect(await holdpoint(['show', id])).toContain('Review    ben disputed it: it was not')
    expect(JSON.parse(await holdpoint(['show', id, '--json']))).toMatchObject({
      brokenGlass: { reason: 'the shop is down', via: 'command_line', review: { verdict: 'disputed' } },
    })
  })

  test('who answers while somebody is away', async () => {
    await holdpoint(['list'], { as: 'eve' }).catch(() => undefined)
    await site.directory.upsert({
      issuer: site.issuer,
      subject: 'dora',
      name: 'dora',
      kind: 'human',
      groups: ['engineers'],
    })
    await site.directory.upsert({ issuer: site.issuer, subject: 'ben', name: 'ben', kind: 'human', groups: ['dba'] })
    const line = await holdpoint(['delegate', 'dora', '--until', '3d'])
    expect(line).toMatch(/^delegation_[\w-]+ {2}dora answers for ben from /)
    expect(await holdpoint(['delegations'])).toBe(line)
    await holdpoint(['undelegate', line.split(' ')[0] ?? ''])
    expect(await holdpoint(['delegations'])).toBe('Nobody answers for anybody.\n')
    await expect(holdpoint(['delegate', 'nobody', '--until', '3d'])).rejects.toThrow('Nobody is known')
    await expect(holdpoint(['delegate', 'dora', '--until', 'soon'])).rejects.toMatchObject({ exitStatus: 2 })
  })
})

describe('holds show of one of several alike', () => {
  const none = { reasonRequired: false, remindMs: null, escalate: null, onCall: [], delegates: {}, breakGlass: null }
  const make = (shape: string, n: number, runs: number | null) => {
    const { decision } = sampleHold(site.issuer)
    const sameShape = runs === null ? null : { runs, ms: 3_600_000 }
    const statement = `DELETE FROM ${shape} WHERE id = $1 -- ${n}`
    const asked = {
      shape,
      statement,
      parameters: [`p${n}`],
      decision: { ...decision, answering: { ...none, sameShape } },
    }
    return site.holds.create(sampleHold(site.issuer, { ...asked, digest: crypto.randomUUID() }))
  }

  test('says how many there are, and lists each whole where that is asked for', async () => {
    const [one, two, three] = [await make('crates', 1, 20), await make('crates', 2, 20), await make('crates', 3, 20)]
    expect(await holdpoint(['show', one.id])).toContain(
      `Alike     2 more like it wait: holdpoint holds show ${one.id} --alike`,
    )
    const text = await holdpoint(['show', one.id, '--alike'])
    for (const part of [
      two.id,
      three.id,
      'WHERE id = $1 -- 2',
      '$1 = p2',
      'WHERE id = $1 -- 3',
      '$1 = p3',
      'Approve   --alike: ',
    ])
      expect(text).toContain(part)
    const json = JSON.parse(await holdpoint(['show', one.id, '--alike', '--json']))
    expect(json).toMatchObject({
      id: one.id,
      alikeWaiting: { waiting: [{ id: two.id }, { id: three.id }], others: [] },
    })
  })

  test('lists them where each is answered by itself, too', async () => {
    const [one, two] = [await make('boxes', 1, null), await make('boxes', 2, null)]
    const text = await holdpoint(['show', one.id, '--alike'])
    expect(text).toContain('answered each by itself:')
    expect(text).toContain(two.id)
    expect(text).toContain('$1 = p2')
    expect(text).not.toContain('Approve   ')
  })

  test('says so where there is nothing like it', async () => {
    const one = await make('alone', 1, 20)
    expect(await holdpoint(['show', one.id])).not.toContain('Alike')
    expect(await holdpoint(['show', one.id, '--alike'])).toContain('Alike     nothing else like it waits')
  })
})
