import { afterAll, beforeAll, expect, test } from 'vitest'
import { holdMail } from '../../../bot/email/hold-mail.ts'
import { BrowserSession } from '../console/browser-session.ts'
import { type ConsoleUnderTest, startConsole } from '../console/console-under-test.ts'
import { sampleHold } from '../console/sample-hold.ts'

/** ADVERSARY.md F4: what becomes of the link in a mail, whoever opens it, how often and when. */
let site: ConsoleUnderTest
beforeAll(async () => {
  site = await startConsole()
})
afterAll(() => site[Symbol.asyncDispose]())

async function mailed() {
  const hold = await site.holds.create(sampleHold(site.issuer, { digest: crypto.randomUUID() }))
  const { text, html } = holdMail(hold, 'asked', { url: `${site.origin}/holds/${hold.id}` })
  const links = [...new Set([...`${text}\n${html}`.matchAll(/https?:\/\/[^\s"<]+/g)].map(([link]) => link))]
  return { hold, links }
}

const stateOf = async (id: string) => {
  const hold = await site.holds.find(id)
  return { status: hold?.status, votes: hold?.votes.length }
}

test('a scanner that follows every link of a mail, in any way, changes nothing and learns nothing', async () => {
  const { hold, links } = await mailed()
  expect(links).toEqual([`${site.origin}/holds/${hold.id}`])
  for (const link of links) {
    for (const method of ['GET', 'HEAD', 'OPTIONS', 'POST', 'PUT', 'DELETE']) {
      const response = await fetch(link, { method, redirect: 'manual' })
      expect(await response.text()).not.toContain('customers')
    }
    for (const query of ['?answer=approve', '?answer=reject&reason=x', '?choice=approve'])
      expect((await fetch(link + query)).status).toBe(200)
  }
  expect(await stateOf(hold.id)).toEqual({ status: 'pending', votes: 0 })
})

test('forwarded, it shows nothing to who may not see the hold, and lets nobody answer who may not', async () => {
  const { hold } = await mailed()
  const nobody = await fetch(`${site.origin}/api/holds/${hold.id}`)
  expect(nobody.status).toBe(401)
  const ana = new BrowserSession(site)
  await ana.signIn('ana', `/sign-in?return_to=/holds/${hold.id}`)
  const refused = await ana.post(`/api/holds/${hold.id}/votes`, { choice: 'approve' })
  expect(refused.status).toBe(403)
  expect(await stateOf(hold.id)).toEqual({ status: 'pending', votes: 0 })
})

test('used twice it counts once, and after the time is up not at all', async () => {
  const { hold } = await mailed()
  const ben = new BrowserSession(site)
  expect(await ben.signIn('ben', `/sign-in?return_to=/holds/${hold.id}`)).toBe(`${site.origin}/holds/${hold.id}`)
  const vote = () => ben.post(`/api/holds/${hold.id}/votes`, { choice: 'approve' })
  const answers = await Promise.all([vote(), vote()])
  expect(answers.map(({ status }) => status).sort()).toEqual([200, 409])
  expect(await stateOf(hold.id)).toEqual({ status: 'approved', votes: 1 })
  const late = await mailed()
  site.pass(16 * 60_000)
  const tooLate = await ben.post(`/api/holds/${late.hold.id}/votes`, { choice: 'approve' })
  expect(await tooLate.json()).toMatchObject({ status: 409, code: 'not_pending' })
  expect(await stateOf(late.hold.id)).toEqual({ status: 'expired', votes: 0 })
})
