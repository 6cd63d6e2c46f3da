import { afterAll, beforeAll, expect, test } from 'vitest'
import { BrowserSession } from './browser-session.ts'
import { type ConsoleUnderTest, startConsole } from './console-under-test.ts'
import { sampleHold, sampleOf } from './sample-hold.ts'

let site: ConsoleUnderTest

beforeAll(async () => {
  site = await startConsole()
})
afterAll(() => site[Symbol.asyncDispose]())

interface Stream extends AsyncDisposable {
  /** The next event's name and data. */
  next(): Promise<string>
}

async function streamOf(name: string): Promise<Stream> {
  const browser = new BrowserSession(site)
  await browser.signIn(name)
  const abort = new AbortController()
  const response = await browser.fetch(`${site.origin}/api/events`, { signal: abort.signal })
  expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8')
  expect(response.headers.get('content-security-policy')).toContain("default-src 'none'")
  const chunks = response.body?.pipeThrough(new TextDecoderStream()).getReader()
  let text = ''
  return {
    next: async () => {
      for (;;) {
        const end = text.indexOf('\n\n')
        const event = end < 0 ? null : text.slice(0, end)
        if (event !== null) {
          text = text.slice(end + 2)
          const [, name, data] = /event: (\w+)\ndata: (.*)/.exec(event) ?? []
          if (name !== undefined) return `${name} ${data}`
          continue
        }
        const { value, done } = (await chunks?.read()) ?? { value: '', done: true }
        if (done) return 'end'
        text += value
      }
    },
    [Symbol.asyncDispose]: async () => abort.abort(),
  }
}

async function firstHold(stream: Stream): Promise<string> {
  for (;;) {
    const event = await stream.next()
    if (!event.startsWith('ready')) return event
  }
}

test('a page hears of every change of what it may see, and of nothing else', async () => {
  await using ben = await streamOf('ben')
  await using ana = await streamOf('ana')
  const bens = await site.holds.create(sampleOf('ben', site.issuer))
  const agents = await site.holds.create(sampleHold(site.issuer))
  expect(await firstHold(ben)).toBe(`hold {"id":"${bens.id}","status":"pending"}`)
  expect(await ben.next()).toBe(`hold {"id":"${agents.id}","status":"pending"}`)
  // Ana neither reviews nor asked for ben's: her first is her own agent's.
  expect(await firstHold(ana)).toBe(`hold {"id":"${agents.id}","status":"pending"}`)
  await site.holds.withdraw(agents.id)
  expect(await ana.next()).toBe(`hold {"id":"${agents.id}","status":"withdrawn"}`)
})

test('a page hears of a vote that decides nothing yet', async () => {
  const { decision } = sampleHold(site.issuer)
  const two = { ...decision, reviewers: [{ group: 'dba', count: 2 }] }
  const hold = await site.holds.create(sampleHold(site.issuer, { decision: two }))
  await using cleo = await streamOf('cleo')
  await new BrowserSession(site).signIn('ben')
  await site.holds.vote(
    hold.id,
    { issuer: site.issuer, subject: 'ben' },
    { choice: 'approve', reason: null, via: 'slack' },
  )
  expect(await firstHold(cleo)).toBe(`hold {"id":"${hold.id}","status":"pending"}`)
})

test('a person may keep a dozen pages open, not more', async () => {
  const browser = new BrowserSession(site)
  await browser.signIn('ben')
  const abort = new AbortController()
  const statuses = []
  for (let page = 0; page < 13; page++) {
    const response = await browser.fetch(`${site.origin}/api/events`, { signal: abort.signal })
    statuses.push(response.status)
  }
  abort.abort()
  expect(statuses).toEqual([...Array.from({ length: 12 }, () => 200), 429])
})
