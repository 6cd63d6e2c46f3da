import { fastify } from 'fastify'
import type { Browser } from 'playwright-core'
import type { ConsoleParts } from '../../bot/console/parts.ts'
import { createEmail } from '../../bot/email/email.ts'
import { holdsCommand } from '../../bot/holds-command/holds-command.ts'
import { holdAction } from '../../bot/slack/cards/hold-actions.ts'
import { createSlack } from '../../bot/slack/slack.ts'
import { loadConfig } from '../../config.ts'
import { openLog } from '../../log.ts'
import type { Hold } from '../../workflows/holds/hold.ts'
import { keepRelease } from '../../workflows/releases/store.ts'
import { inTransaction } from '../../workflows/state/transaction.ts'
import { findChromium, openBrowser } from '../harness/browser.ts'
import { LOGIN, startMailServer } from '../stand-ins/mail-server.ts'
import { SlackStandIn } from '../stand-ins/slack.ts'
import { BrowserSession } from './console/browser-session.ts'
import { type ConsoleUnderTest, startConsole } from './console/console-under-test.ts'

/** Every way in which a reviewer is shown a hold, over one state, and what each of them says as text. */
export const DOORS = ['card', 'details', 'mail, plain', 'mail, HTML', 'console', 'command line', 'API'] as const
export type Door = (typeof DOORS)[number]

export interface EveryDoor extends AsyncDisposable {
  readonly site: ConsoleUnderTest
  /** As `reader` is shown it, links and times included. */
  shown(hold: Hold, door: Door, reader?: string): Promise<string>
}

const CHANNEL = 'C0APPROVE1'
export const COMMIT = 'ab'.repeat(20)

/** @param policyDigest of the release that the holds were held by */
export async function openEveryDoor(
  policyDigest: string,
  examplesFor?: ConsoleParts['examplesFor'],
): Promise<EveryDoor> {
  await using stack = new AsyncDisposableStack()
  const site = stack.use(await startConsole(examplesFor === undefined ? {} : { examplesFor }))
  const { pool, holds, directory } = site
  const log = openLog({ level: 'silent', process: 'test' })
  const now = Date.now
  const consoleUrl = (): string => site.origin
  for (const name of ['ana', 'ben', 'cleo']) await new BrowserSession(site).signIn(name)
  await inTransaction(pool, (client) => keepRelease(client, releaseOf(policyDigest), new Date()))

  const slackApi = await SlackStandIn.start(now)
  stack.defer(() => slackApi.close())
  slackApi.addChannel(CHANNEL, 'approvals')
  for (const [name, userId] of [['ben', 'U0BEN0001'] as const]) {
    slackApi.addUser({ id: userId, name })
    await directory.linkSlack({ issuer: site.issuer, subject: name, teamId: slackApi.teamId, userId })
  }
  const { token: botToken, signingSecret, apiUrl } = slackApi
  const settings = { botToken, signingSecret, channel: CHANNEL, channels: {}, offerExceptionAfter: 3, apiUrl }
  const slack = createSlack({ config: { slack: settings }, holds, directory, pool, log, now, consoleUrl })
  if (slack === null) throw new Error('Slack is configured')
  const server = fastify()
  stack.defer(() => server.close())
  stack.defer(() => slack.close())
  await slack.register(server)
  slackApi.endpoint = `${await server.listen({ host: '127.0.0.1', port: 0 })}/slack/events`
  await slack.check()

  const mailServer = stack.use(await startMailServer())
  const email = createEmail({ config: mailConfig(mailServer), holds, pool, consoleUrl, log, now })
  if (email === null) throw new Error('mail is configured')
  stack.defer(() => email.close())

  const chromium = findChromium()
  const browser = chromium === null ? null : await openBrowser(chromium)
  stack.defer(() => browser?.close())

  async function card(hold: Hold) {
    await slack?.delivery.deliver(hold)
    const message = slackApi.messages(CHANNEL).find(({ blocks }) => JSON.stringify(blocks).includes(hold.id))
    if (message === undefined) throw new Error('no card was posted')
    return message
  }

  async function mail(hold: Hold) {
    await email?.delivery.deliver(hold, 'created', hold.id)
    const found = mailServer.mails.find(({ mail: { text } }) => text?.includes(hold.id))
    if (found === undefined) throw new Error('no mail was sent')
    return found.mail
  }

  async function command(hold: Hold, reader: string): Promise<string> {
    let printed = ''
    const write = (text: string): void => {
      printed += text
    }
    const one = holdsCommand({ token: await site.token(reader), consoleUrl, write, now })
    await one.parseAsync(['show', hold.id], { from: 'user' })
    return printed
  }

  const ways: Readonly<Record<Door, (hold: Hold, reader: string) => Promise<string>>> = {
    card: async (hold) => textsOf((await card(hold)).blocks),
    details: async (hold) => {
      await slackApi.click('U0BEN0001', await card(hold), holdAction.details)
      await slack.settled()
      return textsOf(slackApi.openViews.at(-1))
    },
    'mail, plain': async (hold) => (await mail(hold)).text ?? '',
    'mail, HTML': async (hold) => plainOf((await mail(hold)).html ?? ''),
    console: (hold, reader) => pageText(browser, site, hold, reader),
    'command line': command,
    API: async (hold, reader) => {
      const authorization = `Bearer ${await site.token(reader)}`
      const paths = [hold.id, `${hold.id}/examples`]
      const answers = paths.map((path) => fetch(`${site.origin}/api/holds/${path}`, { headers: { authorization } }))
      return (await Promise.all(answers.map(async (answer) => (await answer).text()))).join('\n')
    },
  }
  const running = stack.move()
  return {
    site,
    shown: (hold, door, reader = 'cleo') => ways[door](hold, reader),
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  }
}

/** All of the page, with what is folded in. */
const READ_ARTICLE = `(() => {
  for (const details of document.querySelectorAll('details')) details.open = true
  const links = [...document.querySelectorAll('article a')].map((link) => link.href)
  const times = [...document.querySelectorAll('article time')].map((time) => time.getAttribute('datetime'))
  return [document.querySelector('article').textContent, ...links, ...times]
})()`

/** Where there is no browser, the page says nothing, and its tests fail rather than pass unseen. */
async function pageText(browser: Browser | null, site: ConsoleUnderTest, hold: Hold, reader: string): Promise<string> {
  const context = await browser?.newContext()
  const page = await context?.newPage()
  if (context === undefined || page === undefined) return ''
  await page.goto(`${site.origin}/holds/${hold.id}`)
  await page.getByRole('link', { name: 'Sign in' }).click()
  await page.locator(`button[value=${reader}]`).click()
  await page.locator('article.hold').waitFor()
  await page.getByText('Looking at what you may see').waitFor({ state: 'detached' })
  const texts = await page.evaluate<string[]>(READ_ARTICLE)
  await context.close()
  return texts.join('\n')
}

/** Every text, link and time of blocks, as far as a reader is shown them. */
function textsOf(blocks: unknown): string {
  const found: string[] = []
  JSON.stringify(blocks, (key, value) => {
    if (['text', 'fallback', 'url'].includes(key) && typeof value === 'string') found.push(value)
    return value
  })
  return found.join('')
}

const ENTITIES: Readonly<Record<string, string>> = { lt: '<', gt: '>', quot: '"', amp: '&', '#39': "'" }

function plainOf(html: string): string {
  return html
    .replaceAll(/<a href="([^"]*)"[^>]*>/g, ' $1 ')
    .replaceAll(/<[^>]*>/g, '')
    .replaceAll(/&(lt|gt|quot|#39|amp);/g, (_, name: string) => ENTITIES[name] ?? '')
}

function mailConfig({ port, ca }: { readonly port: number; readonly ca: string }) {
  const { user, password } = LOGIN
  const settings = { host: '127.0.0.1', port, user, password, from: 'Holdpoint <holds@example.org>', ca }
  return loadConfig({}, Object.fromEntries(Object.entries(settings).map(([name, value]) => [`email.${name}`, value])))
}

function releaseOf(digest: string) {
  return {
    ...{ commit: COMMIT, follows: null, repository: 'acme/policies', repositoryId: 7, branch: 'main' },
    ...{
      folder: 'policies',
      digest,
      package: Buffer.alloc(1),
      changes: [],
      rules: null,
      files: {},
      answers: [],
      pulls: [],
    },
  }
}
