import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { findChromium, openBrowser } from '../../harness/browser.ts'
import { BrowserSession } from './browser-session.ts'
import { type ConsoleUnderTest, startConsole } from './console-under-test.ts'
import { sampleHold } from './sample-hold.ts'
import { HOSTILE, NEWER, OLDER, REFUSED, seedReleases } from './sample-releases.ts'

/** Releases, the difference of a pull request, and who answers for whom, in a real Chromium. */
const chromium = findChromium()
const WAIT_MS = 20_000
const SHOWN = HOSTILE.replace('\u202E', '⟨U+202E⟩')

let site: ConsoleUnderTest
let browser: Browser
beforeAll(async () => {
  if (chromium === null) return
  site = await startConsole({ administrators: 'dba' })
  browser = await openBrowser(chromium)
  await seedReleases(site)
  await new BrowserSession(site).signIn('cleo')
}, 360_000)
afterAll(async () => {
  await browser?.close()
  await site?.[Symbol.asyncDispose]()
})

interface Visit extends AsyncDisposable {
  readonly page: Page
  /** Errors, and refusals of the content security policy. */
  readonly said: readonly string[]
}

async function visit(name: string, path = '/', options: Parameters<Browser['newContext']>[0] = {}): Promise<Visit> {
  const context = await browser.newContext({ timezoneId: 'Europe/Vienna', ...options })
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

const sees = (page: Page, text: string | RegExp) => page.getByText(text).first().waitFor()

describe.skipIf(chromium === null)('releases', () => {
  test('say what is in force, who reviewed it, what was not activated and why, and that files are unreviewed', async () => {
    await using ana = await visit('ana', '/releases')
    const { page, said } = ana
    for (const text of [
      'policies unreviewed: local files',
      'is not in force',
      `#9 has 0 of 1 approvals that count. ${SHOWN}`,
    ])
      await sees(page, text)
    await page.getByRole('region', { name: 'In force' }).getByText('approved by ben, cleo').waitFor()
    await sees(page, `git push --force-with-lease=main:${REFUSED} origin ${NEWER}:main`)
    await sees(page, 'The branch of the policies cannot be looked at')
    await sees(page, 'Install the app again')
    await sees(page, 'Approvals are counted only for what touches policies/ or CODEOWNERS')
    await sees(page, '#9 was approved by nobody but its author.')
    expect(await page.getByRole('button', { name: 'Ask for it' }).count()).toBe(0)
    expect(await page.locator('img[src=x]').count()).toBe(0)
    expect(said).toEqual([])
  })

  test('one is shown with its change, pull request, evidence, files and digest, by keys too', async () => {
    await using ana = await visit('ana', '/releases')
    const { page, said } = ana
    await sees(page, 'Begin with the default rules')
    await page.keyboard.press('j')
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { name: `Release ${NEWER.slice(0, 12)}` }).waitFor()
    await sees(page, 'Rule data.pii_export added (enforce): Exports of personal data.')
    await sees(page, `${NEWER}${'0'.repeat(24)}`)
    await sees(page, 'Merges that touch policies/ or CODEOWNERS needed 2 approvals that count')
    await page.getByText('Evidence: 1 answer of GitHub').click()
    await sees(page, 'GET /repos/acme/policies/pulls/7')
    const link = page.getByRole('link', { name: /^#7/ })
    expect(await link.getAttribute('href')).toBe('https://github.com/acme/policies/pull/7')
    expect(await link.getAttribute('rel')).toBe('noreferrer')
    await page.getByRole('link', { name: OLDER.slice(0, 12) }).click()
    await sees(page, 'nothing: it is the first')
    await page.keyboard.press('u')
    await page.getByRole('heading', { name: 'Releases', exact: true }).waitFor()
    expect(said).toEqual([])
  })

  test('a refused commit, which people are sent to, says why it is none; an unknown one is not there', async () => {
    await using ana = await visit('ana', `/releases/${REFUSED}`)
    await sees(ana.page, 'It never became a release: it was not activated.')
    await sees(ana.page, '#9 was approved by nobody but its author.')
    await ana.page.goto(`${site.origin}/releases/${'d'.repeat(40)}`)
    await sees(ana.page, 'Nothing here for you')
  })

  test('a pull request’s difference is told by outcome, rule, identity and fingerprint', async () => {
    await using ana = await visit('ana', '/releases/pulls/12')
    for (const text of [
      '412 of 48,211 recorded decisions would differ',
      'not ready',
      '0a1b2c3d4e5f6071',
      'public.customers',
      `report-bot ${SHOWN}`,
      'Would newly fire',
      'The repository’s own tests reach 91 % of the rules’ lines.',
    ])
      await sees(ana.page, text)
    expect(ana.said).toEqual([])
    await ana.page.goto(`${site.origin}/releases/pulls/13`)
    await sees(ana.page, 'Nothing here for you')
  })

  test('two administrators put an earlier one back in force, and one ends that', async () => {
    await using ben = await visit('ben', '/releases')
    await ben.page.getByLabel('Which').selectOption(OLDER)
    await ben.page.getByLabel('Why').fill('It denies everything')
    await ben.page.getByRole('button', { name: 'Ask for it' }).click()
    await ben.page.getByRole('button', { name: 'Confirm' }).click()
    await sees(ben.page, /nobody pins a release alone/)
    await using cleo = await visit('cleo', '/releases')
    await cleo.page.getByRole('button', { name: 'Confirm' }).click()
    await sees(cleo.page, 'Pinned to this earlier release')
    await cleo.page.getByRole('region', { name: 'In force' }).getByText(OLDER.slice(0, 12)).waitFor()
    await cleo.page.goto(`${site.origin}/releases/${OLDER}`)
    await sees(cleo.page, /Asked for by ben at .*Confirmed by cleo/)
    await cleo.page.goto(`${site.origin}/releases`)
    await cleo.page.getByRole('button', { name: 'End the pin' }).click()
    await cleo.page.getByRole('region', { name: 'In force' }).getByText(NEWER.slice(0, 12)).waitFor()
  })
})

describe.skipIf(chromium === null)('while somebody is away', () => {
  test('they say who answers, from when and until when, in their own zone, and end it', async () => {
    await using ben = await visit('ben', '/away')
    const { page, said } = ben
    await sees(page, 'Nobody: what is yours waits for you')
    await page.getByRole('button', { name: 'Let them answer' }).click()
    await page.getByRole('alert').getByText('Say who').waitFor()
    await page.getByLabel('Who').fill('cleo')
    await page.getByRole('button', { name: 'Let them answer' }).click()
    await page.getByRole('alert').getByText('Say until when.').waitFor()
    const year = new Date().getFullYear() + 1
    await page.getByLabel('From').fill(`${year}-01-05T09:00`)
    await page.getByLabel('Until').fill(`${year}-01-12T18:30`)
    await page.getByRole('button', { name: 'Let them answer' }).click()
    await sees(page, `12 Jan ${year}, 18:30 CET`)
    expect(await page.getByText(`18:30 CET`).getAttribute('title')).toBe(`${year}-01-12 17:30:00 UTC`)
    await using cleo = await visit('cleo', '/away')
    await cleo.page.getByText('For whom you answer').waitFor()
    await page.getByRole('button', { name: 'End it: cleo' }).click()
    await sees(page, 'Nobody: what is yours waits for you')
    expect(said).toEqual([])
  })

  test('a name that nobody has, or a time that is over, is refused in a sentence', async () => {
    await using ben = await visit('ben', '/away')
    const { page } = ben
    await page.getByLabel('Who').fill('<script>alert(1)</script>')
    await page.getByLabel('Until').fill('2020-01-01T00:00')
    await page.getByRole('button', { name: 'Let them answer' }).click()
    await page.getByRole('alert').getByText('Nobody is known by that name or address.').waitFor()
    await page.getByLabel('Who').fill('cleo')
    await page.getByRole('button', { name: 'Let them answer' }).click()
    await expect.poll(() => page.getByRole('alert').textContent(), { timeout: WAIT_MS }).toMatch(/end|past|future/i)
  })
})

/** Run in the page. */
const TOO_WIDE = 'document.documentElement.scrollWidth - innerWidth'
const UNNAMED = `[...document.querySelectorAll('input, select, textarea, button')].filter((one) =>
  !one.labels?.length && !one.ariaLabel && !one.textContent.trim()).length`

describe.skipIf(chromium === null)('every page', () => {
  const PATHS = [
    '/',
    '/?show=all',
    '/decided',
    '/releases',
    `/releases/${NEWER}`,
    '/releases/pulls/12',
    '/away',
    '/nowhere',
  ]

  test.each(['light', 'dark'] as const)(
    'fits a phone, has one heading and labels, and says it is unreviewed (%s)',
    async (colorScheme) => {
      const hold = await site.holds.create(sampleHold(site.issuer, { statement: `SELECT '${'x'.repeat(3_000)}'` }))
      await using ben = await visit('ben', '/', { viewport: { width: 390, height: 844 }, colorScheme })
      const { page, said } = ben
      for (const path of [...PATHS, `/holds/${hold.id}`]) {
        await page.goto(site.origin + path)
        await page.locator('main h1, main h2').first().waitFor()
        expect(await page.evaluate(TOO_WIDE), path).toBeLessThanOrEqual(0)
        expect(await page.locator('h1').count(), path).toBeLessThanOrEqual(1)
        await page.getByRole('note').filter({ hasText: 'unreviewed' }).first().waitFor()
        expect(await page.evaluate(UNNAMED), path).toBe(0)
      }
      expect(said.filter((line) => !/404/.test(line))).toEqual([])
      await site.holds.withdraw(hold.id)
    },
    120_000,
  )

  test('asks with GET and changes nothing by it', async () => {
    const count = async () =>
      (
        await site.pool.query(
          'SELECT (SELECT count(*) FROM release_pin) AS pins, (SELECT count(*) FROM delegation) AS away',
        )
      ).rows
    const before = await count()
    const ben = new BrowserSession(site)
    await ben.signIn('ben')
    for (const path of [
      '/api/releases',
      '/api/releases/pins',
      `/api/releases/${NEWER}`,
      '/api/delegations',
      '/api/releases/unpin',
    ])
      await ben.get(path)
    expect(await count()).toEqual(before)
  })
})
