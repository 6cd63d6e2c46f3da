import pg from 'pg'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { holdAction } from '../../bot/slack/cards/hold-actions.ts'
import { findChromium, openBrowser } from '../harness/browser.ts'
import { findProgram } from '../harness/find-program.ts'
import { type RunningHoldpoint, startHoldpoint } from '../harness/holdpoint.ts'
import { type PostedMessage, SlackStandIn } from '../stand-ins/slack.ts'
import { printedLines } from './printed-lines.ts'
import { Terminal } from './terminal.ts'

/**
 * The README's tour, in its order and with its lines, on one running tree: real psql, the real Bolt app (Slack is the
 * stand-in), a real browser, the real command line. Each test goes on where the one before stopped.
 */
const CHANNEL = 'C0APPROVE1'
const BEN = 'U0BEN0001'
const HAS_PSQL = findProgram('psql', 'postgresql-client')
const chromium = findChromium()
const PATIENCE = { timeout: 20_000, interval: 50 }

let slack: SlackStandIn
let holdpoint: RunningHoldpoint
let browser: Browser
let printed: (line: string) => string

beforeAll(async () => {
  slack = await SlackStandIn.start()
  slack.addChannel(CHANNEL, 'approvals')
  slack.addUser({ id: BEN, name: 'Ben O.' })
  holdpoint = await startHoldpoint({
    env: {
      HOLDPOINT_SLACK_BOT_TOKEN: slack.token,
      HOLDPOINT_SLACK_SIGNING_SECRET: slack.signingSecret,
      HOLDPOINT_SLACK_CHANNEL: CHANNEL,
      HOLDPOINT_SLACK_API_URL: slack.apiUrl,
    },
  })
  slack.endpoint = `${holdpoint.ready.console}/slack/events`
  printed = printedLines(holdpoint)
  if (chromium !== null) browser = await openBrowser(chromium)
}, 400_000)
afterAll(async () => {
  await browser?.close()
  await holdpoint?.[Symbol.asyncDispose]()
  await slack?.close()
})

/** On the database itself, not through the proxy. */
async function inDatabase<T>(sql: string): Promise<T> {
  const client = new pg.Client(holdpoint.ready.upstream)
  await client.connect()
  try {
    const { rows } = await client.query({ text: sql, rowMode: 'array' })
    return rows[0]?.[0] as T
  } finally {
    await client.end()
  }
}

/** A page of the console, signed in by choosing a person at the development identity provider. */
async function signedIn(name: string, path = '/'): Promise<Page> {
  const page = await (await browser.newContext()).newPage()
  page.setDefaultTimeout(20_000)
  await page.goto(holdpoint.ready.console + path)
  await page.getByRole('link', { name: 'Sign in' }).click()
  await page.locator(`button[value=${name}]`).click()
  await page.getByRole('banner').getByText(name, { exact: true }).waitFor()
  return page
}

const button = (page: Page, name: string) => page.getByRole('button', { name })

/** The card of the hold that was asked for last, once it is there and says this. */
function card(containing: string): Promise<PostedMessage> {
  return vi.waitFor(() => {
    const last = slack.messages(CHANNEL).at(-1)
    expect(JSON.stringify(last?.blocks)).toContain(containing)
    return last as PostedMessage
  }, PATIENCE)
}

const told = (pattern: RegExp): Promise<string> =>
  vi.waitFor(() => {
    const { user, text } = slack.privateMessages.at(-1) ?? {}
    expect(user).toBe(BEN)
    expect(text).toMatch(pattern)
    return text as string
  }, PATIENCE)

const AGENT = `PGPASSFILE=.holdpoint/pgpass psql -h 127.0.0.1 -p 6432 -U report-bot shop \\
  -v VERBOSITY=verbose -c "UPDATE customers SET phone = NULL WHERE id = 1"`
const TOKEN_OF_BEN = `export HOLDPOINT_TOKEN=$(awk -F: '$4 == "ben" { print $5 }' .holdpoint/pgpass)`

async function runs(line: string): Promise<{ readonly status: number | null; readonly said: string }> {
  await using terminal = new Terminal(line)
  return await terminal.output()
}

const asBen = (line: string) => runs(`${printed(TOKEN_OF_BEN)}\n${line}`)

describe.skipIf(!HAS_PSQL)(`the tour${HAS_PSQL ? '' : ' (skipped: there is no psql on this machine)'}`, () => {
  let ana: Terminal
  let payments: number
  let hold: string

  beforeAll(() => {
    ana = new Terminal(printed('PGPASSFILE=.holdpoint/pgpass psql -h 127.0.0.1 -p 6432 -U ana shop'))
  })
  afterAll(() => ana?.[Symbol.asyncDispose]())

  test('a person connects with the printed line', async () => {
    ana.type('\\conninfo')
    await ana.says(/connected to database "shop" as user "ana"/)
  })

  test('is masked: names are clear, addresses and cards are not', async () => {
    ana.type(printed('SELECT name, email, card FROM customers LIMIT 3;'))
    const [shown] = await ana.says(/name[\s\S]*\(3 rows\)/)
    const clear = await inDatabase<string[]>('SELECT array[name, email, card] FROM customers ORDER BY id LIMIT 1')
    expect(shown).toContain(clear[0])
    expect(shown).not.toContain(clear[1])
    expect(shown).not.toContain(clear[2])
    expect(shown.match(/\w\*\*\*@\*\*\*\.\w+ +\| \*{4}\d{4}/g)).toHaveLength(3)
  })

  test('is held: told by which rule, who can approve and until when, while nothing runs', async () => {
    payments = await inDatabase<number>('SELECT count(*)::int FROM payments')
    ana.type(printed('DELETE FROM payments;'))
    const [, id] = await ana.says(
      /NOTICE: {2}Holdpoint holds this statement[^\n]*no WHERE[\s\S]*Rule production\.unbounded_write\. Can be approved by 1 of dba until \S+Z\. (hold_[\w-]+)/,
    )
    hold = String(id)
    expect(await inDatabase('SELECT count(*)::int FROM payments')).toBe(payments)
  })

  test('the reviewers’ channel has a card that says what it would do, with Approve on it', async () => {
    const { blocks } = await card(hold)
    const text = JSON.stringify(blocks)
    for (const part of ['ana', 'prod/shop', 'DELETE FROM payments', payments.toLocaleString('en'), holdAction.approve])
      expect(text).toContain(part)
  })

  test.skipIf(chromium === null)('a reviewer reads and approves it in the console', async () => {
    const ben = await signedIn('ben')
    await ben.getByText('DELETE FROM payments').click()
    const count = payments.toLocaleString('en')
    await ben.getByText(`${count} of ${count} rows`).waitFor()
    await button(ben, 'Approve').click()
    await button(ben, 'Approve').click()
    await ben.getByText(new RegExp(`Approved and run in .* DELETE ${payments}`)).waitFor()
    await ben.context().close()
  })

  if (chromium === null)
    test('a reviewer approves it on the command line, there being no browser here', async () => {
      const approved = await asBen(printed('npx holdpoint holds approve hold_…').replace('hold_…', hold))
      expect(approved).toMatchObject({ status: 0 })
    })

  test('psql goes on where it stood and shows the result', async () => {
    await ana.says(new RegExp(`^DELETE ${payments}$`, 'm'))
    expect(await inDatabase('SELECT count(*)::int FROM payments')).toBe(0)
  })

  test('the card says who approved and what came of it, and cannot be answered any more', async () => {
    const { blocks } = await card(`DELETE ${payments}`)
    const text = JSON.stringify(blocks)
    expect(text).toContain('ben')
    expect(text).not.toContain(holdAction.approve)
    expect(slack.messages(CHANNEL)).toHaveLength(1)
  })

  test('an agent does not wait: it gets an answer that it can read', async () => {
    const { status, said } = await runs(printed(AGENT))
    expect(status).toBe(1)
    expect(said).toMatch(/^ERROR: {2}YH001: /m)
    const detail = JSON.parse(/^DETAIL: {2}(\{.*\})$/m.exec(said)?.[1] ?? '') as { hold: string }
    expect(detail).toEqual({
      hold: expect.stringMatching(/^hold_/),
      status_url: `${holdpoint.ready.console}/holds/${detail.hold}`,
      reviewers: [{ group: 'data-owners', count: 1 }],
      expires_at: expect.stringMatching(/Z$/),
      rules: [expect.objectContaining({ id: 'agents.writes_labelled' })],
      reason_required: false,
    })
    hold = detail.hold
  })

  test('whom it acts for cannot approve it', async () => {
    const tokenOfAna = printed(TOKEN_OF_BEN).replace('"ben"', '"ana"')
    const approve = printed('npx holdpoint holds approve hold_…').replace('hold_…', hold)
    const { status, said } = await runs(`${tokenOfAna}\n${approve}`)
    expect(status).not.toBe(0)
    expect(said).toMatch(/acts for you|own|yourself/i)
  })

  test('another approves it on the command line', async () => {
    const listed = await asBen(printed('npx holdpoint holds list'))
    expect(listed.said).toMatch(new RegExp(`^${hold} +pending .*report-bot for ana.*1 of 1,500 rows`, 'm'))
    const approved = await asBen(printed('npx holdpoint holds approve hold_…').replace('hold_…', hold))
    expect(approved.said).toContain(`${hold}: Approved.`)
    expect(approved.status).toBe(0)
  })

  test('the agent’s statement, sent again, runs, and only once', async () => {
    expect((await runs(printed(AGENT))).said).toMatch(/^UPDATE 1$/m)
    expect(await inDatabase('SELECT phone FROM customers WHERE id = 1')).toBe(null)
    const third = await runs(printed(AGENT))
    expect(third.said).toMatch(/^ERROR: {2}YH001: /m)
    expect(third.said).not.toContain(hold)
  })

  test('a click in Slack does not count before its owner has signed in', async () => {
    ana.type('DELETE FROM order_items;')
    hold = String((await ana.says(/dba until \S+Z\. (hold_[\w-]+)/))[1])
    await slack.click(BEN, await card(hold), holdAction.approve)
    await told(/^Nothing was counted: .* http:\/\/127\.0\.0\.1:\d+\/slack\/link\?code=/)
    expect(await inDatabase('SELECT count(*)::int FROM order_items')).toBeGreaterThan(0)
  })

  test.skipIf(chromium === null)(
    'Ben links his Slack account by signing in, clicks again, and psql goes on',
    async () => {
      const link = new URL(/http:\S+/.exec(await told(/link\?code=/))?.[0] ?? '')
      const ben = await signedIn('ben', link.pathname + link.search)
      await ben.getByText('Ben O.').waitFor()
      await button(ben, 'Yes, that is me').click()
      await ben.getByRole('heading', { name: 'Linked' }).waitFor()
      await ben.context().close()

      await slack.click(BEN, await card(hold), holdAction.approve)
      await told(/^Your approval is counted/)
      await ana.says(/^DELETE \d+$/m)
      expect(await inDatabase('SELECT count(*)::int FROM order_items')).toBe(0)
      expect(JSON.stringify((await card('Approved and run')).blocks)).not.toContain(holdAction.approve)
    },
  )

  test('a rejection reaches psql with its reason', async () => {
    ana.type('\\set VERBOSITY verbose\nDELETE FROM orders;')
    const [, rejected] = await ana.says(/dba until \S+Z\. (hold_[\w-]+)/)
    const { said } = await asBen(
      `${printed('npx holdpoint holds list').replace('list', 'reject')} ${rejected} --reason 'not on a Friday'`,
    )
    expect(said).toContain('Rejected')
    await ana.says(/^ERROR: {2}YH002: [\s\S]*not on a Friday/m)
    expect(await inDatabase('SELECT count(*)::int FROM orders')).toBe(4000)
  })

  test('Ctrl-C withdraws the request', async () => {
    await using other = new Terminal(printed('PGPASSFILE=.holdpoint/pgpass psql -h 127.0.0.1 -p 6432 -U ana shop'))
    other.type('DELETE FROM orders;')
    const [, withdrawn] = await other.says(/dba until \S+Z\. (hold_[\w-]+)/)
    other.interrupt()
    await other.says(/withdrawn/)
    const { said } = await asBen(`${printed('npx holdpoint holds list').replace('list', 'show')} ${withdrawn}`)
    expect(said).toMatch(/Status +Taken back by who asked\. It did not run\./)
  })

  test('a denied statement names its rule, and the session lives', async () => {
    ana.type(`${printed('DROP TABLE payments;')}\nSELECT 'still here' AS answer;`)
    await ana.says(/^ERROR: {2}42501: [^\n]*\nDETAIL: {2}Rule production\.drop$/m)
    await ana.says(/still here/)
  })

  test('the record of all this is unbroken', async () => {
    const { status, said } = await runs(printed('npx holdpoint audit verify'))
    expect(said).toMatch(/^The trail is unbroken: \d+ records/m)
    expect(status).toBe(0)
  })

  test('and can be looked at while it grows', async () => {
    await using tail = new Terminal(printed('npx holdpoint audit tail'))
    await tail.says(/statement\.denied +deny +ana prod\/shop #\d+: \(unreviewed\) DROP TABLE payments/)
    ana.type('SELECT 1 AS seen_live;')
    await tail.says(/statement\.intended +allow +ana prod\/shop #\d+: \(unreviewed\) SELECT 1 AS seen_live/)
    tail.interrupt()
    expect((await tail.output()).said).not.toMatch(/error|^ +at /im)
  })
})

/** Where psql is missing, the same path with the driver. */
if (!HAS_PSQL)
  describe('the tour, through node-postgres', () => {
    const connected = async (name: string): Promise<pg.Client> => {
      const client = new pg.Client(holdpoint.identity(name).postgres)
      await client.connect()
      return client
    }
    const approve = (hold: string) => asBen(printed('npx holdpoint holds approve hold_…').replace('hold_…', hold))

    test('a person is masked, held, and sees the result once somebody approved', async () => {
      const ana = await connected('ana')
      const noticed = new Promise<string>((resolve) => ana.once('notice', ({ detail = '' }) => resolve(detail)))
      const { rows } = await ana.query(printed('SELECT name, email, card FROM customers LIMIT 3;'))
      expect(rows[0].email).toMatch(/^\w\*\*\*@/)
      const deleted = ana.query(printed('DELETE FROM payments;'))
      await approve(/hold_[\w-]+/.exec(await noticed)?.[0] ?? '')
      expect((await deleted).rowCount).toBeGreaterThan(0)
      await expect(ana.query(printed('DROP TABLE payments;'))).rejects.toMatchObject({ code: '42501' })
      await ana.end()
    })

    test('an agent is answered, approved, and runs once', async () => {
      const agent = await connected('report-bot')
      const update = (): Promise<unknown> => agent.query('UPDATE customers SET phone = NULL WHERE id = 1')
      const { code, detail } = (await update().catch((error: unknown) => error)) as pg.DatabaseError
      expect(code).toBe('YH001')
      await approve((JSON.parse(detail ?? '{}') as { hold: string }).hold)
      await expect(update()).resolves.toMatchObject({ rowCount: 1 })
      await expect(update()).rejects.toMatchObject({ code: 'YH001' })
      await agent.end()
    })
  })
