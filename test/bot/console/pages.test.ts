import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { SESSION_IDLE_MS } from '../../../bot/console/sessions.ts'
import type { ShownExamples } from '../../../workflows/holds/examples.ts'
import type { Hold } from '../../../workflows/holds/hold.ts'
import { findChromium, openBrowser } from '../../harness/browser.ts'
import { BrowserSession } from './browser-session.ts'
import { type ConsoleUnderTest, startConsole } from './console-under-test.ts'
import { sampleHold, sampleOf } from './sample-hold.ts'

/** The pages in a real Chromium. What a person would look for is looked for by its role and words. */
const chromium = findChromium()
const WAIT_MS = 10_000

let site: ConsoleUnderTest
let browser: Browser
const linked: string[] = []
const SHOWN: ShownExamples = {
  columns: [
    { name: 'id', labels: [], seen: 'clear' },
    { name: '<img src=x onerror=alert(1)>', labels: ['email'], seen: 'masked' },
  ],
  rows: [{ before: ['1', 'o\u202Eld'], after: ['1', 'new'], changed: [false, true] }],
  seeing: [],
  whyHidden: null,
  policy: null,
}

beforeAll(async () => {
  if (chromium === null) return
  site = await startConsole({
    examplesFor: async () => SHOWN,
    slackLinks: {
      find: async (code) => (code === 'good' ? { teamId: 'T1', userId: 'U1', userName: 'Ben <b>O.</b>' } : null),
      confirm: async (code, { subject }) => linked.push(`${code} ${subject}`) > 0,
    },
  })
  browser = await openBrowser(chromium)
  await new BrowserSession(site).signIn('cleo')
}, 360_000)
afterAll(async () => {
  await browser?.close()
  await site?.[Symbol.asyncDispose]()
})

interface Visit extends AsyncDisposable {
  readonly page: Page
  /** Whatever the page said to its console: errors, refusals of the policy. */
  readonly said: readonly string[]
}

async function visit(name: string, path = '/', options: Parameters<Browser['newContext']>[0] = {}): Promise<Visit> {
  const context: BrowserContext = await browser.newContext(options)
  const page = await context.newPage()
  page.setDefaultTimeout(WAIT_MS)
  const said: string[] = []
  page.on('pageerror', (error) => said.push(String(error)))
  page.on('console', (message) => said.push(message.text()))
  await page.goto(site.origin + path)
  await page.getByRole('link', { name: 'Sign in' }).click()
  await page.locator(`button[value=${name}]`).click()
  await page.getByRole('status').getByText('Live').waitFor()
  said.length = 0 // being asked to sign in is a 401
  return { page, said, [Symbol.asyncDispose]: () => context.close() }
}

const statusOf = async ({ id }: Hold): Promise<string | undefined> => (await site.holds.find(id))?.status
const button = (page: Page, name: string | RegExp) => page.getByRole('button', { name })

describe.skipIf(chromium === null)('the pages', () => {
  test('who is not signed in is asked to, and comes back to the same hold', async () => {
    const hold = await site.holds.create(sampleHold(site.issuer))
    await using ben = await visit('ben', `/holds/${hold.id}`)
    expect(new URL(ben.page.url()).pathname).toBe(`/holds/${hold.id}`)
    await ben.page
      .getByRole('heading', { name: 'report-bot (agent for ana) wants to run DELETE on prod/shop' })
      .waitFor()
    for (const text of [
      'DEVELOPMENT — not for production',
      'production',
      'DELETE FROM customers',
      '3,000 of 3,000 rows',
      'counted just before asking',
      'It has no WHERE: every row of the table is meant.',
      'Write without WHERE in production',
      'unreviewed policy',
      'public.customers',
    ])
      await ben.page.getByText(text, { exact: true }).first().waitFor()
    expect(ben.said).toEqual([])
  })

  test('a new hold appears in the inbox by itself, and goes when it is answered elsewhere', async () => {
    await using ben = await visit('ben')
    const asked = sampleHold(site.issuer, { statement: 'DELETE FROM live_update' })
    const hold = await site.holds.create(asked)
    await ben.page.getByText('DELETE FROM live_update').waitFor()
    await site.holds.vote(
      hold.id,
      { issuer: site.issuer, subject: 'cleo' },
      { choice: 'reject', reason: 'no', via: 'slack' },
    )
    await ben.page.getByText('DELETE FROM live_update').waitFor({ state: 'detached' })
  })

  test('what it would do is shown as a diff, with what happens besides', async () => {
    const hold = await site.holds.create(
      sampleHold(site.issuer, {
        client: '10.1.2.3:4567',
        consequences: {
          locks: [{ table: 'public.customers', mode: 'ACCESS EXCLUSIVE' }],
          cascades: [
            { table: 'public.orders', constraint: 'orders_fk', does: 'delete', from: 'public.customers', rows: 4_200 },
          ],
          triggers: null,
          undo: { how: 'impossible', sentence: 'Not after it commits: the rows come back only from a backup.' },
          examples: 1,
        },
      }),
      { role: 'r', reads: [], columns: [], rows: [] },
    )
    await using ben = await visit('ben', `/holds/${hold.id}`)
    for (const text of ['Rows before and after', 'nobody else reads or writes', 'ACCESS EXCLUSIVE on'])
      await ben.page.getByText(text).first().waitFor()
    await ben.page.getByText('Deletes 4,200 rows of public.orders').waitFor()
    await ben.page.getByText('Foreign keys and triggers could not be looked at in time.').waitFor()
    expect(await ben.page.locator('.example-before .changed').innerText()).toBe('o⟨U+202E⟩ld')
    expect(await ben.page.locator('.example-after .changed').innerText()).toBe('new')
    await ben.page.getByText('from 10.1.2.3 with a client that says it is').waitFor()
    expect(ben.said).toEqual([])
  })

  test('who may not read the values has no way to approve, by button or by key', async () => {
    const { facts } = sampleHold(site.issuer)
    const email = { schema: 'public', relation: 'customers', column: 'email', uses: ['filtered'], labels: ['email'] }
    const hold = await site.holds.create(
      sampleHold(site.issuer, {
        statement: "DELETE FROM customers WHERE email = 'bob@x.org'",
        facts: { ...facts, columns: [{ ...email, uses: ['filtered'] }] },
        labelsClearTo: { email: ['pii-readers'] },
      }),
    )
    await using ben = await visit('ben', `/holds/${hold.id}?answer=approve`)
    await ben.page.getByText('DELETE FROM customers WHERE email = ‹hidden›').first().waitFor()
    await button(ben.page, 'Reject').waitFor()
    await ben.page.keyboard.press('a')
    expect(await button(ben.page, /Approve/).count()).toBe(0)
    await using cleo = await visit('cleo', `/holds/${hold.id}`)
    await cleo.page.getByText("DELETE FROM customers WHERE email = 'bob@x.org'").first().waitFor()
    await cleo.page.keyboard.press('a')
    await cleo.page.locator('[data-first]:focus').waitFor()
    await cleo.page.keyboard.press('Enter')
    await cleo.page.getByText('Approved. report-bot has not run it yet.').waitFor()
    expect(await statusOf(hold)).toBe('approved')
  })

  test('the inbox shows what is for me, what I asked and all; many alike stand in one row', async () => {
    const { decision } = sampleHold(site.issuer)
    const alike = (n: number) =>
      site.holds.create(
        sampleHold(site.issuer, { shape: 'carts', statement: `DELETE FROM carts WHERE id = ${n}`, decision }),
      )
    for (const n of [1, 2, 3]) await alike(n)
    const own = await site.holds.create(sampleOf('ben', site.issuer, { statement: 'DELETE FROM of_my_own' }))
    await using ben = await visit('ben')
    await ben.page.getByText('one of 3 alike').waitFor()
    expect(await ben.page.getByText(/DELETE FROM carts/).count()).toBe(1)
    expect(await ben.page.locator(`[data-row="${own.id}"]`).count()).toBe(0)
    await ben.page.getByRole('link', { name: 'Asked by you' }).click()
    await ben.page.locator(`[data-row="${own.id}"]`).waitFor()
    expect(await ben.page.locator('[data-row]').count()).toBe(1)
    await ben.page.getByRole('link', { name: 'All', exact: true }).click()
    await ben.page.getByRole('heading', { name: 'For others to decide' }).waitFor()
    expect(ben.said).toEqual([])
  })

  test('what an approval allows to others like it is shown, and ended there', async () => {
    const { decision } = sampleHold(site.issuer)
    const none = { reasonRequired: false, remindMs: null, escalate: null, onCall: [], delegates: {}, breakGlass: null }
    const answering = { ...none, sameShape: { runs: 20, ms: 3_600_000 } }
    const make = () =>
      site.holds.create(sampleHold(site.issuer, { shape: 'baskets', decision: { ...decision, answering } }))
    const hold = await make()
    await using ben = await visit('ben')
    await ben.page.locator('main').waitFor()
    await site.holds.vote(
      hold.id,
      { issuer: site.issuer, subject: 'ben' },
      { choice: 'approve', reason: null, via: 'console', alike: true },
    )
    await using cleo = await visit('cleo', `/holds/${hold.id}`)
    await cleo.page.getByText('It counts for others like it: 0 of 20 runs used.').waitFor()
    await cleo.page.getByRole('button', { name: 'End it for others like it' }).click()
    await cleo.page.getByRole('button', { name: 'End it', exact: true }).click()
    await cleo.page.getByText(/until cleo ended that/).waitFor()
    expect(await site.holds.find(hold.id)).toMatchObject({ alikeApproval: { undone: { by: 'cleo' } } })
    expect(cleo.said).toEqual([])
  })

  test('approving alike lists what waits and would run at once, and says what it allows from now on', async () => {
    const { decision } = sampleHold(site.issuer)
    const none = { reasonRequired: false, remindMs: null, escalate: null, onCall: [], delegates: {}, breakGlass: null }
    const answering = { ...none, sameShape: { runs: 20, ms: 3_600_000 } }
    const make = (n: number) => {
      const statement = `DELETE FROM crates WHERE id = ${n}`
      const asked = { shape: 'crates', statement, parameters: [`p${n}`], decision: { ...decision, answering } }
      return site.holds.create(sampleHold(site.issuer, asked))
    }
    const [first, second] = [await make(1), await make(2)]
    await using ben = await visit('ben', `/holds/${first.id}`)
    await button(ben.page, 'Approve').click()
    await ben.page.getByRole('checkbox', { name: 'Also those that differ in constants only' }).check()
    await ben.page.getByText('DELETE FROM crates WHERE id = 2').waitFor()
    for (const text of ['One more waits, and would run, too:', 'Up to 19 more of', '2 statements above, each exactly'])
      await ben.page.getByText(text).waitFor()
    const third = await make(3)
    await ben.page.getByText('DELETE FROM crates WHERE id = 3').waitFor()
    await ben.page.getByText('2 more wait, and would run, too:').waitFor()
    await button(ben.page, 'Approve alike').click()
    await ben.page.getByText('It counts for others like it: 2 of 20 runs used.').waitFor()
    for (const hold of [first, second, third]) expect(await statusOf(hold)).toBe('approved')
    expect(ben.said).toEqual([])
  })

  test('who was about to answer what somebody else has answered is told so, and by whom', async () => {
    const hold = await site.holds.create(sampleHold(site.issuer))
    await using ben = await visit('ben', `/holds/${hold.id}`)
    await button(ben.page, 'Reject').click()
    await ben.page.locator('textarea:focus').fill('a reason that took a while')
    await site.holds.vote(
      hold.id,
      { issuer: site.issuer, subject: 'cleo' },
      { choice: 'approve', reason: null, via: 'slack' },
    )
    await ben.page.getByRole('alert').getByText('cleo approved it').waitFor()
    await ben.page.getByText('Yours is not among the answers').waitFor()
    expect((await site.holds.find(hold.id))?.votes).toHaveLength(1)
  })

  test('in two tabs of one person, the second says that it has been answered', async () => {
    const hold = await site.holds.create(sampleHold(site.issuer))
    await using ben = await visit('ben', `/holds/${hold.id}?answer=approve`)
    const other = await ben.page.context().newPage()
    await other.goto(`${site.origin}/holds/${hold.id}?answer=approve`)
    await other.getByRole('heading', { name: 'Approve this?' }).waitFor()
    await button(ben.page, 'Approve').click()
    await ben.page.getByText('Approved. report-bot has not run it yet.').waitFor()
    await other.getByText('You have answered this elsewhere: approve.').waitFor()
    expect(await ben.page.getByText('You have answered this elsewhere').count()).toBe(0)
  })

  test('what was run by breaking the glass waits for a review in the inbox, and is reviewed there', async () => {
    const { decision } = sampleHold(site.issuer)
    const none = { reasonRequired: false, remindMs: null, escalate: null, onCall: [], delegates: {}, sameShape: null }
    const answering = { ...none, breakGlass: { group: 'engineers', reviewMs: 3_600_000 } }
    const hold = await site.holds.create(sampleOf('ana', site.issuer, { decision: { ...decision, answering } }))
    await using ana = await visit('ana', `/holds/${hold.id}`)
    await button(ana.page, 'Break the glass').click()
    await ana.page.locator('textarea:focus').fill('the shop is down')
    await button(ana.page, 'Break the glass').click()
    await ana.page.getByText('Let through without an answer.').waitFor()
    await using ben = await visit('ben')
    await ben.page.getByRole('heading', { name: 'Run without an answer, to be reviewed' }).waitFor()
    await ben.page.locator(`[data-row="${hold.id}"]`).click()
    await ben.page.getByText('the shop is down').waitFor()
    await button(ben.page, 'Dispute it').click()
    await ben.page.locator('textarea:focus').fill('it was up')
    await button(ben.page, 'Dispute it').click()
    await ben.page.getByText(/ben disputes it/).waitFor()
    expect((await site.holds.find(hold.id))?.brokenGlass?.review).toMatchObject({
      verdict: 'disputed',
      reason: 'it was up',
    })
  })

  test('approving takes two steps and says what will happen', async () => {
    const hold = await site.holds.create(sampleHold(site.issuer))
    await using ben = await visit('ben', `/holds/${hold.id}`)
    await button(ben.page, 'Approve').click()
    expect(await statusOf(hold)).toBe('pending')
    await ben.page.getByText('Once approved, report-bot may run exactly this DELETE on prod/shop, one time.').waitFor()
    await button(ben.page, 'Approve').click()
    await ben.page.getByText('Approved. report-bot has not run it yet.').waitFor()
    expect(await statusOf(hold)).toBe('approved')
    expect(await button(ben.page, 'Approve').count()).toBe(0)
  })

  test('rejecting by keyboard alone: j, r, the reason, Enter on the button', async () => {
    const hold = await site.holds.create(sampleHold(site.issuer))
    await using ben = await visit('ben')
    await ben.page.locator(`[data-row="${hold.id}"]`).waitFor()
    await ben.page.keyboard.press('j')
    expect(await ben.page.locator(':focus').getAttribute('data-row')).toBe(hold.id)
    await ben.page.keyboard.press('r')
    await ben.page.locator('textarea:focus').waitFor()
    await ben.page.keyboard.type('a reason, with j and k and a in it')
    await ben.page.keyboard.press('Tab')
    await ben.page.keyboard.press('Enter')
    await ben.page.getByText('Rejected. It did not run.').waitFor()
    expect((await site.holds.find(hold.id))?.votes).toMatchObject([{ reason: 'a reason, with j and k and a in it' }])
    await ben.page.keyboard.press('u')
    await ben.page.getByRole('heading', { name: 'Inbox' }).waitFor()
    expect(await button(ben.page, /^Keys/).count()).toBe(1)
    await ben.page.keyboard.press('?')
    await ben.page.getByRole('dialog', { name: 'Keys' }).waitFor()
  })

  test('who asked is told why they cannot answer, and has no button for it', async () => {
    const hold = await site.holds.create(sampleOf('ben', site.issuer))
    await using ben = await visit('ben', `/holds/${hold.id}?answer=approve`)
    await ben.page.getByText('You asked for this yourself. Someone else has to decide.').waitFor()
    expect(await button(ben.page, /Approve|Reject/).count()).toBe(0)
    await ben.page.keyboard.press('a')
    expect(await button(ben.page, /Approve|Reject/).count()).toBe(0)
    await ben.page.getByText('Nobody has answered yet. Anyone in the group can').waitFor()
    await button(ben.page, 'Withdraw').click()
    await button(ben.page, 'Withdraw').click()
    await ben.page.getByText('Taken back by who asked. It did not run.').waitFor()
    await ben.page.getByText('Nobody answered.', { exact: true }).waitFor()
  })

  test('an answer that came too late says so and shows what happened', async () => {
    const hold = await site.holds.create(sampleHold(site.issuer))
    await using ben = await visit('ben', `/holds/${hold.id}?answer=approve`)
    // Cleo is faster by the time that a request takes.
    await ben.page.route('**/votes', async (route) => {
      const cleo = { issuer: site.issuer, subject: 'cleo' }
      await site.holds.vote(hold.id, cleo, { choice: 'reject', reason: 'no', via: 'slack' })
      await route.continue()
    })
    await button(ben.page, 'Approve').click()
    await ben.page.getByText('Rejected. It did not run.').waitFor()
    expect(await statusOf(hold)).toBe('rejected')
  })

  test('a long statement cannot be approved before it was shown to its end', async () => {
    const statement = `${'SELECT 1\n'.repeat(500)}; DELETE FROM customers`
    const hold = await site.holds.create(sampleHold(site.issuer, { statement }))
    await using ben = await visit('ben', `/holds/${hold.id}`)
    await ben.page.getByText('It is not shown whole yet. Read all of it first; then you can approve it.').waitFor()
    expect(await button(ben.page, 'Approve').count()).toBe(0)
    await button(ben.page, 'Details').waitFor()
    await ben.page.keyboard.press('a')
    expect(await ben.page.getByText('Approve this?').count()).toBe(0)
    await button(ben.page, 'Show the whole statement').click()
    await ben.page.locator('.hold-what').getByText('; DELETE FROM customers').waitFor()
    expect(await button(ben.page, 'Approve').isEnabled()).toBe(true)
    expect(await ben.page.getByText('Approve this?').count()).toBe(0)
  })

  test('nothing that others wrote becomes a part of the page', async () => {
    const evil = `</pre><img src=x onerror="document.title='owned'"><script>document.title='owned'</script>`
    const base = sampleHold(site.issuer)
    const hold = await site.holds.create(
      sampleHold(site.issuer, {
        statement: `SELECT 1 ${evil} \u202e\u200b`,
        application: evil,
        reason: evil,
        parameters: [evil],
        identity: { ...base.identity, name: `bot${evil}`, groups: [evil] },
        facts: {
          ...base.facts,
          flags: [],
          roles: [evil],
          relations: [{ ...base.facts.relations[0], name: evil, labels: [evil] } as never],
        },
        decision: { ...base.decision, rules: [{ id: evil, title: evil, reason: evil, outcome: 'hold' }] },
      }),
    )
    await site.holds.vote(
      hold.id,
      { issuer: site.issuer, subject: 'cleo' },
      { choice: 'reject', reason: evil, via: 'slack' },
    )
    for (const path of [`/holds/${hold.id}`, '/decided']) {
      await using ben = await visit('ben', path)
      await ben.page.getByText('<img src=x').first().waitFor()
      expect(await ben.page.locator('main img, main script').count()).toBe(0)
      expect(await ben.page.title()).not.toBe('owned')
      expect(ben.said).toEqual([])
      expect(await ben.page.getByText('⟨U+202E⟩').count()).toBeGreaterThan(0)
    }
  })

  test('even if something did, the policy of the page would not let it run', async () => {
    await using ben = await visit('ben')
    await ben.page.evaluate(`(() => {
      const script = document.createElement('script')
      try { script.textContent = "document.title = 'owned'" } catch {}
      document.body.append(script)
      const image = document.createElement('img')
      image.src = 'https://evil.example/x.png'
      document.body.append(image)
    })()`)
    expect(await ben.page.evaluate('fetch("https://evil.example/").then(() => "sent", () => "refused")')).toBe(
      'refused',
    )
    expect(await ben.page.title()).not.toBe('owned')
  })

  test('when the session ends, the page says so, changes nothing, and goes on after signing in', async () => {
    const hold = await site.holds.create(sampleHold(site.issuer))
    await using ben = await visit('ben', `/holds/${hold.id}?answer=approve`)
    await button(ben.page, 'Approve').waitFor()
    site.pass(SESSION_IDLE_MS + 60_000)
    // The hold itself expires in a quarter of an hour; what is looked at is the session.
    await button(ben.page, 'Approve').click()
    await ben.page.getByRole('heading', { name: 'Your session has ended' }).waitFor()
    expect((await site.holds.find(hold.id))?.votes).toEqual([])
    await ben.page.getByRole('link', { name: 'Sign in' }).click()
    await ben.page.locator('button[value=ben]').click()
    await ben.page.waitForURL(`${site.origin}/holds/${hold.id}?answer=approve`)
  })

  test('signing out leaves nothing behind, and someone else can sign in', async () => {
    await using ben = await visit('ben')
    await button(ben.page, 'Sign out').click()
    await ben.page.getByRole('link', { name: 'Sign in' }).click()
    await ben.page.locator('button[value=cleo]').click()
    await ben.page.getByRole('banner').getByText('cleo', { exact: true }).waitFor()
  })

  test('linking Slack says who becomes whom before anything is linked', async () => {
    await using ben = await visit('ben', '/slack/link?code=good')
    await ben.page.getByText('Ben <b>O.</b>').waitFor()
    expect(linked).toEqual([])
    await button(ben.page, 'Yes, that is me').click()
    await ben.page.getByRole('heading', { name: 'Linked' }).waitFor()
    expect(linked).toEqual(['good ben'])
    await ben.page.goto(`${site.origin}/slack/link?code=used`)
    await ben.page.getByText('This link is used up or too old.').waitFor()
  })

  test.each([
    ['on a phone', { viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true }],
    ['on a desk', { viewport: { width: 1280, height: 800 } }],
  ])('nothing sticks out of the page %s', async (_where, options) => {
    const wide = 'w'.repeat(400)
    const hold = await site.holds.create(sampleHold(site.issuer, { statement: `SELECT '${wide}'`, application: wide }))
    await using ben = await visit('ben', `/holds/${hold.id}`, options)
    await ben.page.locator('.statement').first().waitFor()
    const overflow = 'document.documentElement.scrollWidth - document.documentElement.clientWidth'
    expect(await ben.page.evaluate(overflow)).toBe(0)
    await ben.page.goto(site.origin)
    await ben.page.locator('.row').first().waitFor()
    expect(await ben.page.evaluate(overflow)).toBe(0)
  })
})
