import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { findChromium, openBrowser } from '../../harness/browser.ts'
import { copyHold } from '../../harness/many-holds.ts'
import { type ConsoleUnderTest, startConsole } from './console-under-test.ts'
import { sampleHold } from './sample-hold.ts'

/** More wait than a page of the inbox shows. */
const chromium = findChromium()
const WAIT_MS = 30_000
const MANY = 450
let site: ConsoleUnderTest
let browser: Browser

beforeAll(async () => {
  if (chromium === null) return
  site = await startConsole()
  const { id } = await site.holds.create(sampleHold(site.issuer))
  await copyHold(site.pool, id, MANY - 1)
  browser = await openBrowser(chromium)
}, 360_000)
afterAll(async () => {
  await browser?.close()
  await site?.[Symbol.asyncDispose]()
})

describe.skipIf(chromium === null)('an inbox of many', () => {
  test('says that there are more, shows them as somebody reads on, and stays as long while it changes', async () => {
    const page = await browser.newPage()
    page.setDefaultTimeout(WAIT_MS)
    await page.goto(site.origin)
    await page.getByRole('link', { name: 'Sign in' }).click()
    await page.locator('button[value=ben]').click()
    const rows = page.locator('a.row')
    await page.getByRole('heading', { name: 'For you to decide 200+' }).waitFor()
    expect([await page.title(), await rows.count()]).toEqual(['(200+) Holdpoint', 200])
    await rows.last().scrollIntoViewIfNeeded()
    await page.mouse.wheel(0, 100_000)
    await page.getByRole('heading', { name: 'For you to decide 400+' }).waitFor()
    await page.getByRole('button', { name: 'Show more' }).click()
    await page.getByRole('heading', { name: `For you to decide ${MANY}`, exact: true }).waitFor()
    expect(await page.getByRole('button', { name: 'Show more' }).count()).toBe(0)
    await page.getByRole('status').getByText('Live').waitFor()
    const { rows: some } = await site.pool.query('SELECT id FROM hold LIMIT 100')
    for (const { id } of some) await site.holds.withdraw(id)
    await page.getByRole('heading', { name: `For you to decide ${MANY - 100}`, exact: true }).waitFor()
    await page.close()
  })
})
