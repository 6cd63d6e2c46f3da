import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createEmail, type Email } from '../../../bot/email/email.ts'
import { loadConfig } from '../../../config.ts'
import { openLog } from '../../../log.ts'
import { emailCheck } from '../../../workflows/doctor/email-check.ts'
import type { Hold } from '../../../workflows/holds/hold.ts'
import { createDeliver } from '../../../workflows/outbox/deliver.ts'
import { registerDeliveries } from '../../../workflows/outbox/register.ts'
import { LOGIN, type MailServer, startMailServer } from '../../stand-ins/mail-server.ts'
import { approve, openStage, person, reject, reportBot, request, type Stage } from '../../workflows/stage.ts'

let stage: Stage
let server: MailServer
let email: Email
beforeEach(async () => {
  stage = await openStage()
  server = await startMailServer()
  email = emailWith({})
})
afterEach(async () => {
  email.close()
  await server[Symbol.asyncDispose]()
  await stage[Symbol.asyncDispose]()
})

function configWith(changes: Readonly<Record<string, unknown>>) {
  return loadConfig(
    {},
    {
      'email.host': '127.0.0.1',
      'email.port': server.port,
      'email.user': LOGIN.user,
      'email.password': LOGIN.password,
      'email.from': 'Holdpoint <holds@example.org>',
      'email.ca': server.ca,
      ...changes,
    },
  )
}

function emailWith(changes: Readonly<Record<string, unknown>>): Email {
  const { holds, pool, now } = stage
  const log = openLog({ level: 'silent', process: 'test' })
  const made = createEmail({
    config: configWith(changes),
    holds,
    pool,
    now,
    log,
    consoleUrl: () => 'https://hp.example.org',
  })
  if (made === null) throw new Error('mail is configured')
  return made
}

const ask = (changes: Parameters<typeof request>[0] = {}): Promise<Hold> => stage.holds.create(request(changes))
const to = (name: string) => server.mails.filter((one) => one.to.includes(`${name}@example.org`))

describe('reviewers', () => {
  test('are each asked once, by themselves, and told in the same thread how it ended', async () => {
    const hold = await ask()
    await email.delivery.deliver(hold, 'created', 'k')
    await email.delivery.deliver(hold, 'created', 'k')
    expect(server.mails.map((one) => one.to).sort()).toEqual([
      ['ben@example.org'],
      ['cleo@example.org'],
      ['dora@example.org'],
    ])
    await approve(stage, hold.id, 'ben')
    await email.delivery.deliver(hold, 'settled', 'k2')
    await email.delivery.deliver(hold, 'completed', 'k3')
    expect(server.mails).toHaveLength(6)
    const [asked, settled] = to('cleo').map(({ mail }) => mail)
    expect(asked?.messageId).toMatch(/^<hold_.+@example\.org>$/)
    expect(settled?.inReplyTo).toBe(asked?.messageId)
    expect(settled?.references).toBe(asked?.messageId)
    expect(settled?.subject).toBe(`Re: ${asked?.subject}`)
    expect(settled?.text).toContain('Approved by ben')
    expect(new Set(server.mails.map(({ mail }) => mail.messageId)).size).toBe(6)
  })

  test('are told once, in their thread, by which hold it is asked anew', async () => {
    const hold = await ask()
    await email.delivery.deliver(hold, 'created', 'k')
    await approve(stage, hold.id, 'ben')
    await email.delivery.deliver(hold, 'settled', 'k2')
    const anew = await ask({ anewOf: hold.id })
    await email.delivery.deliver(hold, 'asked_anew', 'k3')
    await email.delivery.deliver(hold, 'asked_anew', 'k3')
    const mails = to('cleo').map(({ mail }) => mail)
    expect(mails).toHaveLength(3)
    expect(mails[2]?.inReplyTo).toBe(mails[0]?.messageId)
    expect(mails[2]?.text).toContain('It was asked anew, and does not run by this approval.')
    expect(mails[2]?.text).toContain(`https://hp.example.org/holds/${anew.id}`)
  })

  test('never are who asks, for whom it asks, or who is not active', async () => {
    await stage.directory.setActive(person('cleo').issuer, person('cleo').subject, false)
    await stage.directory.upsert({ ...person('ana'), name: 'ana', kind: 'human', groups: ['dba'] })
    await email.delivery.deliver(await ask({ identity: reportBot }), 'created', 'k')
    expect(server.mails.flatMap((one) => one.to).sort()).toEqual(['ben@example.org', 'dora@example.org'])
  })

  test('who joined the group meanwhile are asked, too; who was asked before is not asked again', async () => {
    const hold = await ask()
    await email.delivery.deliver(hold, 'created', 'k')
    await stage.directory.upsert({ ...person('eve'), name: 'eve', kind: 'human', groups: ['dba'] })
    await email.delivery.deliver(hold, 'voted', 'k')
    expect(to('eve')).toHaveLength(1)
    expect(server.mails).toHaveLength(4)
  })

  test('whose hold has ended before they were asked are left alone', async () => {
    const hold = await ask()
    await reject(stage, hold.id, 'ben')
    await email.delivery.deliver(hold, 'created', 'k')
    expect(server.mails).toEqual([])
  })

  test('are reached through the outbox, written with the hold itself', async () => {
    await registerDeliveries(stage.pool, [email.delivery], new Date(stage.now()))
    const hold = await ask()
    const { rows } = await stage.pool.query<{ id: string }>('SELECT id FROM outbox WHERE hold = $1', [hold.id])
    const { pool, now, log } = stage
    const deliver = createDeliver({ pool, now, log, deliveries: [email.delivery], again: async () => undefined })
    await deliver(rows[0]?.id ?? '')
    expect(server.mails).toHaveLength(3)
    const { rows: left } = await stage.pool.query('SELECT FROM outbox WHERE sent_at IS NULL')
    expect(left).toEqual([])
  })
})

describe('what goes wrong', () => {
  test('an address that is refused for good keeps nobody else from their mail and is not tried again', async () => {
    server.refusals.set('ben@example.org', 550)
    const hold = await ask()
    await email.delivery.deliver(hold, 'created', 'k')
    expect(server.mails).toHaveLength(2)
    server.refusals.clear()
    await email.delivery.deliver(hold, 'created', 'k')
    expect(to('ben')).toHaveLength(0)
    expect(JSON.stringify(stage.log.said)).not.toContain('ben@example.org')
  })

  test('one that is refused for now is tried again, and only that one', async () => {
    server.refusals.set('ben@example.org', 450)
    const hold = await ask()
    await expect(email.delivery.deliver(hold, 'created', 'k')).rejects.toMatchObject({ code: 'email_deferred' })
    expect(server.mails).toHaveLength(2)
    server.refusals.clear()
    await email.delivery.deliver(hold, 'created', 'k')
    expect(server.mails).toHaveLength(3)
    expect(to('ben')).toHaveLength(1)
  })

  test('a message that is refused: for now and then taken, for good and left', async () => {
    server.dataRefusals.push(451, 554)
    const hold = await ask()
    await expect(email.delivery.deliver(hold, 'created', 'k')).rejects.toMatchObject({ code: 'email_deferred' })
    await email.delivery.deliver(hold, 'created', 'k')
    expect(server.mails).toHaveLength(2)
  })

  test('a server that is away, or does not let us in, is tried again', async () => {
    const hold = await ask()
    const locked = emailWith({ 'email.password': 'wrong' })
    await expect(locked.delivery.deliver(hold, 'created', 'k')).rejects.toMatchObject({ code: 'email_unreachable' })
    locked.close()
    const away = emailWith({ 'email.port': 1 })
    const failure = await away.delivery.deliver(hold, 'created', 'k').then(String, (error: Error) => error)
    away.close()
    expect(failure).toMatchObject({ code: 'email_unreachable' })
    expect(JSON.stringify(failure)).not.toContain(LOGIN.password)
    await email.delivery.deliver(hold, 'created', 'k')
    expect(server.mails).toHaveLength(3)
  })

  test('nothing is sent without TLS, but to this machine', async () => {
    const hold = await ask()
    await using plain = await startMailServer({ startTls: false, host: '127.0.0.2' })
    const open = { 'email.user': undefined, 'email.password': undefined, 'email.port': plain.port }
    const elsewhere = emailWith({ ...open, 'email.host': '127.0.0.2' })
    await expect(elsewhere.delivery.deliver(hold, 'created', 'k')).rejects.toMatchObject({ code: 'email_unreachable' })
    elsewhere.close()
    expect(plain.mails).toEqual([])
    await using near = await startMailServer({ startTls: false })
    const here = emailWith({ ...open, 'email.port': near.port })
    await here.delivery.deliver(hold, 'created', 'k')
    here.close()
    expect(near.mails).toHaveLength(3)
  })

  test.each([
    'ben@example.org, evil@example.org',
    'ben@example.org\r\nBcc: evil@example.org',
    '<ben@example.org>',
    'ben',
  ])('what is not one plain address is no address: %j', async (address) => {
    await stage.pool.query("UPDATE person SET email = $1 WHERE name = 'ben'", [address])
    await email.delivery.deliver(await ask(), 'created', 'k')
    expect(server.mails.flatMap((one) => one.to).sort()).toEqual(['cleo@example.org', 'dora@example.org'])
  })

  test('nothing is sent to a server whose certificate nobody vouches for', async () => {
    const hold = await ask()
    const unknown = emailWith({ 'email.ca': undefined })
    await expect(unknown.delivery.deliver(hold, 'created', 'k')).rejects.toMatchObject({ code: 'email_unreachable' })
    unknown.close()
    expect(server.mails).toEqual([])
  })
})

describe('people who were not waited for', () => {
  const answering = {
    reasonRequired: false,
    remindMs: null,
    escalate: null,
    onCall: [],
    delegates: {},
    breakGlass: { group: 'engineers', reviewMs: 3_600_000 },
    sameShape: null,
  }
  const glass = () => ask({ decision: { ...request().decision, answering } })

  test('are told to review what was run by breaking the glass, whether they were asked before or not', async () => {
    const hold = await glass()
    await stage.holds.breakGlass(hold.id, person('ana'), { reason: 'the shop is down', via: 'console' })
    await email.delivery.deliver(hold, 'glass_broken', 'k')
    expect(server.mails).toHaveLength(3)
    expect(to('cleo')[0]?.mail.text).toContain('Run without an answer: the shop is down')
    expect(to('cleo')[0]?.mail.text).toContain('It has to be reviewed until')
    await email.delivery.deliver(hold, 'review_overdue', 'k2')
    expect(to('cleo')[1]?.mail.text).toContain('The review is overdue.')
    expect(server.mails).toHaveLength(6)
  })

  test('are reminded once while nobody answers', async () => {
    const hold = await ask()
    await email.delivery.deliver(hold, 'created', 'k')
    await email.delivery.deliver(hold, 'reminded', 'k2')
    await email.delivery.deliver(hold, 'reminded', 'k2')
    expect(to('ben').map(({ mail }) => mail.text?.includes('Still waiting for an answer'))).toEqual([false, true])
  })

  test('are those on duty, where the group has a schedule', async () => {
    const onCall = [
      {
        group: 'dba',
        startsAt: new Date(stage.now() - 1_000).toISOString(),
        shiftMs: 3_600_000,
        shifts: [[person('eve')], [person('ben')]],
      },
    ]
    await email.delivery.deliver(
      await ask({ decision: { ...request().decision, answering: { ...answering, onCall } } }),
      'created',
      'k',
    )
    expect(server.mails.flatMap((one) => one.to)).toEqual(['eve@example.org'])
  })
})

test('when nobody’s address is taken, it is said to be told elsewhere', async () => {
  for (const name of ['ben', 'cleo', 'dora']) server.refusals.set(`${name}@example.org`, 550)
  const hold = await ask()
  await expect(email.delivery.deliver(hold, 'created', 'k')).rejects.toMatchObject({
    code: 'email_refused',
    retryable: false,
  })
})

describe('the doctor', () => {
  test('says that the server lets us in, that it does not, and that mail is half configured', async () => {
    expect(await emailCheck(configWith({}))()).toMatchObject({ state: 'ok' })
    const wrong = await emailCheck(configWith({ 'email.password': 'nope-secret' }))()
    expect(wrong).toMatchObject({ state: 'wrong' })
    expect(JSON.stringify(wrong)).not.toContain('nope-secret')
    expect(() => emailWith({ 'email.from': undefined })).toThrow('E-mail is only half configured')
    expect(await emailCheck(loadConfig({}))()).toMatchObject({ state: 'ok', text: 'is not configured' })
  })

  test('takes a URL for all of it, and implicit TLS', async () => {
    await using implicit = await startMailServer({ implicitTls: true })
    const url = `smtps://${LOGIN.user}:${LOGIN.password}@127.0.0.1:${implicit.port}`
    const config = loadConfig({}, { 'email.url': url, 'email.from': 'a@example.org', 'email.ca': implicit.ca })
    expect(await emailCheck(config)()).toMatchObject({ state: 'ok' })
  })
})

describe('many that are alike', () => {
  const alike = async (): Promise<Hold> => {
    stage.clock.ms += 10
    return ask({ shape: 'orders by id', statement: `DELETE FROM orders WHERE id = ${stage.clock.ms}` })
  }
  const subjects = (name: string) => to(name).map(({ mail }) => mail.text?.split('\n')[0])

  test('are one mail at a time, and one that there are more, in one thread', async () => {
    const holds = [await alike(), await alike(), await alike(), await alike()]
    for (const hold of holds) await email.delivery.deliver(hold, 'created', 'k')
    const mails = to('cleo').map(({ mail }) => mail)
    expect(mails).toHaveLength(2)
    const [asked, more] = mails
    expect(asked?.text).toContain(holds[0]?.statement)
    expect(more?.text).toContain('3 more like it wait. Same asker, other constants.')
    expect(more?.references).toContain(asked?.messageId)
    expect(more?.references?.split(' ')[0]).toBe(asked?.references)
  })

  test('are asked about one after the other, as each is answered', async () => {
    const [one, two, three] = [await alike(), await alike(), await alike()]
    for (const hold of [one, two, three]) await email.delivery.deliver(hold, 'created', 'k')
    await reject(stage, one.id, 'ben')
    await email.delivery.deliver(one, 'settled', 'k2')
    expect(to('cleo').at(-1)?.mail.text).toContain(two.statement)
    expect(to('cleo').at(-1)?.mail.text).toContain('One more like it waits')
    await stage.holds.withdraw(two.id)
    await email.delivery.deliver(two, 'settled', 'k3')
    expect(to('cleo').at(-1)?.mail.text).toContain(three.statement)
    await reject(stage, three.id, 'ben')
    await email.delivery.deliver(three, 'settled', 'k4')
    // Asked and told of each, and once that there were more.
    expect(subjects('cleo')).toHaveLength(7)
    const threads = new Set(to('cleo').map(({ mail }) => mail.references?.split(' ')[0]))
    expect(threads.size).toBe(1)
  })

  test('by other askers, or of other shapes, are mailed by themselves', async () => {
    for (const changes of [{}, { shape: 'another' }, { shape: null }, { identity: reportBot }])
      await email.delivery.deliver(await ask({ shape: 'orders by id', ...changes }), 'created', 'k')
    expect(to('cleo')).toHaveLength(4)
  })
})
