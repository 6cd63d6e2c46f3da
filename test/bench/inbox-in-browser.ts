import { findChromium, openBrowser } from '../harness/browser.ts'
import type { HoldpointTree } from './contestants.ts'

/** The console as ben has it open, in a real Chromium. */
export interface Inbox {
  signIn(tree: HoldpointTree): Promise<void>
  /** Resolves when the page, loaded anew, shows its first hold; or says that there is none. */
  firstRow(): Promise<void>
}

/** Null where there is no Chromium. */
export async function openInbox(stack: AsyncDisposableStack): Promise<Inbox | null> {
  const chromium = findChromium()
  if (chromium === null) return null
  const browser = await openBrowser(chromium)
  stack.defer(() => browser.close())
  const page = await browser.newPage()
  return {
    async signIn(tree) {
      await page.goto(new URL('/', tree.api).href)
      await page.getByRole('link', { name: 'Sign in' }).click()
      await page.locator('button[value=ben]').click()
      await page.getByRole('status').getByText('Live').waitFor()
    },
    async firstRow() {
      await page.reload({ waitUntil: 'commit' })
      // In the same turn as the rows, if there are any.
      await page.getByRole('heading', { name: 'Inbox' }).waitFor()
    },
  }
}
