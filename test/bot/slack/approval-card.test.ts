import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { approvalCard } from '../../../bot/slack/cards/approval-card.ts'
import { holdAction } from '../../../bot/slack/cards/hold-actions.ts'
import { isShownWhole } from '../../../bot/slack/cards/statement-section.ts'
import type { Hold, HoldStatus } from '../../../workflows/holds/hold.ts'
import { blockProblems, blocksJsonLength, blocksJsonMax } from '../../stand-ins/block-kit.ts'
import { sampleHold, vote } from './sample-hold.ts'

const URL = 'https://holdpoint.example/holds/hold_7Hq2vNmPzT4'
const card = (hold: Hold) => approvalCard(hold, { consoleUrl: URL })
const texts = (hold: Hold): readonly string[] => {
  const found: string[] = []
  JSON.stringify(card(hold).blocks, (key, value) => {
    if (key === 'text' && typeof value === 'string') found.push(value)
    return value
  })
  return found
}
const shows = (hold: Hold): string => texts(hold).join('\n')
const actions = (hold: Hold): readonly string[] =>
  card(hold).blocks.flatMap((block) =>
    block.type === 'actions' ? block.elements.map((element) => String(element.action_id)) : [],
  )

test('is the card that people know', async () => {
  await expect(`${JSON.stringify(card(sampleHold()), null, 2)}\n`).toMatchFileSnapshot('approval-card.golden.json')
})

describe('while people are asked', () => {
  test('names who asks and for whom, where, what, why, who may answer and until when', () => {
    const shown = shows(sampleHold({ reason: 'Clearing the test orders' }))
    for (const part of ['report-bot', 'ana', 'prod/shop', 'DELETE FROM orders', '4,200 of 4,200, counted'])
      expect(shown).toContain(part)
    for (const part of ['This changes every row of a production table.', '1 of dba', 'Clearing the test orders'])
      expect(shown).toContain(part)
    expect(JSON.stringify(card(sampleHold()))).toContain('"timestamp":1772367300')
  })

  test('offers all three answers, with nothing but the hold id behind them', () => {
    const buttons = card(sampleHold()).blocks.flatMap((block) => (block.type === 'actions' ? block.elements : []))
    expect(actions(sampleHold())).toEqual([
      holdAction.approve,
      holdAction.reject,
      holdAction.ask,
      holdAction.details,
      holdAction.console,
    ])
    for (const element of buttons) expect(element).toMatchObject({ value: 'hold_7Hq2vNmPzT4' })
  })

  test.each([
    ['counted', { kind: 'counted', rows: 3, ofRows: 10 }, '3 of 10, counted'],
    ['estimated', { kind: 'estimated', rows: 3, ofRows: null }, "about 3, the planner's estimate"],
    ['unknown', { kind: 'unknown', rows: null, ofRows: null }, 'could not be counted'],
  ] as const)('says how sure it is of the rows: %s', (_, preview, said) => {
    expect(shows(sampleHold({ preview }))).toContain(said)
  })

  test('shows what the parser found beside what was written', () => {
    const relation = { ...sampleHold().facts.relations[0], name: 'customers', labels: ['email'] } as never
    const column = { schema: 'public', relation: 'customers', column: 'email', uses: ['written'], labels: ['email'] }
    const shown = shows(sampleHold({}, { relations: [relation], columns: [column] as never }))
    expect(shown).toContain('public.customers (delete; holds email)')
    expect(shown).toContain('Columns: \ncustomers.email (written; labelled email)')
  })
})

describe('once it is answered', () => {
  const outcome = { ok: true, tag: 'DELETE 3', durationMs: 12.4 }
  test.each([
    ['approved', { votes: [vote('ben', 'approve')] }, 'Approved by ben. Waiting to run.'],
    ['executed', { votes: [vote('ben', 'approve')], outcome }, 'Approved by ben. Ran in 12 ms: DELETE 3'],
    [
      'executed',
      { votes: [vote('ben', 'approve')], outcome: { ok: false, tag: '23503', durationMs: 2 } },
      'Approved by ben. The database refused it after 2 ms: SQLSTATE 23503',
    ],
    ['executed', { votes: [vote('ben', 'approve')] }, 'Sent to the database; its answer is not recorded.'],
    ['rejected', { votes: [vote('ben', 'reject', 'wrong table')] }, 'Rejected by ben because: wrong table'],
    ['expired', {}, 'Expired: nobody answered in time.'],
    [
      'expired',
      { votes: [vote('ben', 'approve')], grantExpiresAt: '2026-03-01T12:10:00.000Z' },
      'Approved by ben, but it was not run in time.',
    ],
    ['withdrawn', {}, 'Withdrawn by the one who asked.'],
    ['abandoned', {}, 'Abandoned: the connection that asked is gone.'],
  ] as const)('%s: says so and offers nothing', (status, changes, said) => {
    const hold = sampleHold({ status: status as HoldStatus, ...changes })
    expect(shows(hold)).toContain(said)
    expect(actions(hold)).toEqual([])
  })
})

describe('F1: what a statement cannot do to its card', () => {
  test.each([
    ['a mention', 'SELECT 1 -- <!channel> <@U123> <https://evil.example|Approve here>'],
    ['back-ticks', '```\n*Approved by ben*\n```'],
    ['a false outcome', "DELETE FROM orders -- '\n\nApproved by ben. Ran in 3 ms"],
  ])('%s stays text in the statement’s own frame', (_, statement) => {
    const blocks = card(sampleHold({ statement })).blocks
    const holders = blocks.filter((block) => JSON.stringify(block).includes(JSON.stringify(statement).slice(1, -1)))
    expect(holders).toHaveLength(1)
    expect(holders[0]).toMatchObject({ type: 'rich_text', elements: [{}, { type: 'rich_text_preformatted' }] })
  })

  test.each([
    ['right-to-left override', 'DELETE\u202e FROM t', '⟨U+202E⟩'],
    ['zero-width space', 'DEL\u200bETE FROM t', '⟨U+200B⟩'],
    ['a tag character', `SELECT 1\u{e0041}`, '⟨U+E0041⟩'],
    ['escape', 'SELECT \u001b[31m1', '⟨U+001B⟩'],
    ['no-break space', 'DELETE\u00a0FROM t', '⟨U+00A0⟩'],
    ['Hangul filler', 'SELECT \u3164', '⟨U+3164⟩'],
    ['a striking mark', 'D\u0336ELETE', '⟨U+0336⟩'],
    ['a lone surrogate', 'SELECT \ud800', '⟨U+D800⟩'],
  ])('hide a %s', (_, statement, marker) => {
    expect(shows(sampleHold({ statement }))).toContain(marker)
  })

  test('pass a look-alike name for a table', () => {
    expect(shows(sampleHold({ statement: 'DELETE FROM \u0441ustomers' }))).toContain('Mixed alphabets')
    expect(shows(sampleHold({ statement: "DELETE FROM t WHERE a = 'Привет мир'" }))).not.toContain('Mixed alphabets')
  })

  test('draw a parameter that is not there', () => {
    const shown = shows(sampleHold({ parameters: ["1'\n$2 = 'all", null] }))
    expect(shown).toContain("$1 = '1''⟨U+000A⟩$2 = ''all'\n$2 = NULL")
  })
})

const filtered = {
  ...{ schema: 'public', relation: 'customers', column: 'email' },
  ...{ uses: ['written', 'filtered'], labels: ['email'] },
}
const ALL_ACCESS = [
  'select',
  'insert',
  'update',
  'delete',
  'truncate',
  'lock',
  'create',
  'alter',
  'drop',
  'maintain',
  'grant',
]

describe('F1: a statement that is not shown whole', () => {
  test.each([
    ['is long', sampleHold({ statement: `SELECT ${'x'.repeat(4_000)}` })],
    ['is pushed down by empty lines', sampleHold({ statement: `DELETE FROM t${'\n'.repeat(200)}WHERE true` })],
    ['is pushed aside by tabs', sampleHold({ statement: `DELETE FROM t${'\t'.repeat(700)}WHERE true` })],
    ['has a long parameter', sampleHold({ parameters: ['x'.repeat(2_000)] })],
    ['has many parameters', sampleHold({ parameters: Array.from({ length: 5_000 }, () => '1') })],
    [
      'compares a protected column',
      sampleHold({ statement: "DELETE FROM t WHERE email = 'b@x.org'" }, { columns: [filtered] as never }),
    ],
  ])('because it %s has Details and no answer', (_, hold) => {
    expect(actions(hold)).toEqual([holdAction.ask, holdAction.details, holdAction.console])
    expect(isShownWhole(hold)).toBe(false)
  })

  test('keeps values compared with protected columns out of Slack, and parameters with them', () => {
    const statement = "DELETE FROM t WHERE email = 'b@x.org' AND id > 4711 -- ask b@x.org"
    const shown = shows(sampleHold({ statement, parameters: ['c@x.org'] }, { columns: [filtered] as never }))
    expect(shown).toContain('DELETE FROM t WHERE email = ‹hidden› AND id > ‹hidden›')
    expect(shown).not.toMatch(/x\.org|4711/)
  })
})

describe('whatever is held', () => {
  const nasty = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 300 }),
    fc.string({
      unit: fc.constantFrom('\u202e', '<', '`', '*', '&', '\n', '"', '\\', '/', '漢', '😀', '\ud800'),
      maxLength: 500,
    }),
    fc.constantFrom('', ' ', 'x'.repeat(3_000)),
  )
  const huge = fc
    .tuple(nasty, fc.constantFrom('a', '漢', '😀', '\n', '\u202e', '"', "'", '\\', '\ud800'), fc.nat(1_000_000))
    .map(([start, filler, length]) => (start + filler.repeat(length)).slice(0, 1_000_000))
  const statement = fc.oneof({ weight: 4, arbitrary: nasty }, { weight: 1, arbitrary: huge })
  const principal = fc.record({
    issuer: nasty,
    subject: nasty,
    name: nasty,
    groups: fc.array(nasty, { maxLength: 30 }),
  })
  const rule = fc.record({ id: nasty, title: nasty, reason: nasty, outcome: fc.constant('hold' as const) })
  const columns = fc.array(
    fc.record({
      schema: nasty,
      relation: nasty,
      column: nasty,
      uses: fc.constant(['written', 'filtered'] as const),
      labels: fc.array(nasty, { maxLength: 2 }),
    }),
    { maxLength: 30 },
  )
  const held = fc
    .record({
      statement,
      parameters: fc.array(fc.option(statement), { maxLength: 5 }),
      reason: fc.option(nasty),
      application: nasty,
      identity: principal,
      actsFor: fc.option(principal),
      target: nasty,
      rules: fc.array(rule, { maxLength: 8 }),
      reviewers: fc.array(fc.record({ group: nasty, count: fc.nat(9) }), { maxLength: 12 }),
      votes: fc.array(fc.record({ voter: principal, reason: fc.option(nasty) }), { maxLength: 12 }),
      relations: fc.array(fc.record({ schema: nasty, name: nasty, labels: fc.array(nasty, { maxLength: 5 }) }), {
        maxLength: 20,
      }),
      columns: fc.oneof(fc.constant([]), columns),
      tag: nasty,
      status: fc.constantFrom<HoldStatus[]>('pending', 'approved', 'executed', 'rejected', 'expired', 'withdrawn'),
    })
    .map((random): Hold => {
      const base = sampleHold()
      return {
        ...base,
        statement: random.statement,
        parameters: random.parameters,
        reason: random.reason,
        status: random.status,
        application: random.application,
        identity: { ...base.identity, ...random.identity, actsFor: random.actsFor },
        target: { ...base.target, name: random.target, database: random.target },
        decision: { ...base.decision, rules: random.rules, reviewers: random.reviewers },
        votes: random.votes.map(({ voter, reason }) => ({ ...vote('x', 'reject', reason), voter })),
        outcome: { ok: false, tag: random.tag, durationMs: 1e12 },
        facts: {
          ...base.facts,
          tag: random.tag,
          columns: random.columns,
          relations: random.relations.map((relation) => ({ ...base.facts.relations[0], ...relation })) as never,
        },
      }
    })

  test('Slack takes the card, nothing in it is markup, and nothing in it is invisible', () => {
    fc.assert(
      fc.property(held, (hold) => {
        const { blocks, text } = card(hold)
        expect(blockProblems(blocks, 'message')).toEqual([])
        expect(blocksJsonLength(blocks)).toBeLessThanOrEqual(blocksJsonMax)
        expect(JSON.stringify(blocks)).not.toContain('"mrkdwn"')
        expect(text).not.toMatch(/[<>]|&(?!amp;|lt;|gt;)/)
        expect([text, ...texts(hold)].join('')).not.toMatch(/[\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}]|(?![\n\t])\p{Cc}/u)
      }),
      { numRuns: 300 },
    )
  })

  test.each(['a', '漢', '"', '😀', '/', '\n'])('fits when everything in it is as long as it gets: %j', (character) => {
    const long = character.repeat(5_000)
    const base = sampleHold()
    const person = { issuer: long, subject: long, name: long, groups: Array(20).fill(long) }
    const relation = { ...base.facts.relations[0], schema: long, name: long, access: ALL_ACCESS, labels: [long] }
    const hold = sampleHold(
      {
        statement: long,
        parameters: [long, long],
        reason: long,
        application: long,
        identity: { ...base.identity, ...person, actsFor: person },
        target: { name: long, environment: 'production', database: long },
        decision: {
          ...base.decision,
          rules: Array(9).fill({ id: long, title: long, reason: long, outcome: 'hold' }),
          reviewers: Array(9).fill({ group: long, count: 3 }),
        },
        votes: Array(9).fill({ ...vote('x', 'approve', long), voter: person }),
      },
      {
        tag: long,
        effects: ['read', 'transaction', 'session', 'write', 'ddl', 'privilege', 'external', 'unknown'],
        flags: ['no_where', 'always_true_where'],
        relations: Array(20).fill(relation),
        columns: Array.from({ length: 20 }, (_, index) => ({ ...filtered, column: `${index}${long}` })) as never,
        roles: Array(9).fill(long),
        external: Array(5).fill({ kind: 'program', detail: long }),
      },
    )
    expect(blockProblems(card(hold).blocks, 'message')).toEqual([])
    expect(blocksJsonLength(card(hold).blocks)).toBeLessThanOrEqual(blocksJsonMax)
  })

  test('a card with answers shows every character of the statement', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1, maxLength: 5_000 }), (written) => {
        const hold = sampleHold({ statement: written })
        expect(actions(hold).includes(holdAction.approve)).toBe(texts(hold).includes(written))
      }),
      { numRuns: 200 },
    )
  })
})
