import { serialize } from 'pg-protocol'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { decodeReport } from '../../../proxy/wire/messages/error-response.ts'
import { answering } from '../../workflows/stage.ts'
import { RawClient, reportOf, transcript } from './raw-client.ts'
import { sessionServer, type TestServer } from './session-server.ts'

const { parse, bind, execute, query, sync } = serialize

let at: TestServer
let client: RawClient
beforeAll(async () => {
  at = await sessionServer({
    dependencies: {
      locksOf: async (pid) => [
        { on: `public.orders of ${pid > 0 ? 'a backend' : 'nobody'}`, mode: 'RowExclusiveLock' },
      ],
    },
  })
  at.gate.say(/DELETE/, { outcome: 'hold', onHold: 'error', answering: { ...answering, reasonRequired: true } })
  at.gate.say(/^SET holdpoint\.reason = '(.*)'/, {
    facts: { settings: [{ name: 'holdpoint.reason', value: 'said with SET', scope: 'session' }] },
  })
  at.gate.say(/^RESET holdpoint\.reason/, {
    facts: { settings: [{ name: 'holdpoint.reason', value: null, scope: 'session' }] },
  })
  at.gate.say(/^SET holdpoint\.on_hold/, {
    facts: { settings: [{ name: 'holdpoint.on_hold', value: 'wait', scope: 'session' }] },
  })
})
afterAll(() => at[Symbol.asyncDispose]())
beforeEach(async () => {
  at.holds.all.clear()
  client = await RawClient.open(at.through)
})
afterEach(() => client.close())

const DELETE = 'DELETE FROM pg_class WHERE false'
const reasons = (): unknown[] => [...at.holds.all.values()].map(({ reason }) => reason)

describe('a reason', () => {
  test('is read from a comment of the statement', async () => {
    await client.ask(`/* holdpoint: reason=doubles */ ${DELETE}`)
    client.send(parse({ text: `${DELETE} -- holdpoint: reason=in a prepared one` }), bind(), execute(), sync())
    await client.until('Z')
    expect(reasons()).toEqual(['doubles', 'in a prepared one'])
  })

  test('is set for the session, and back to none with RESET', async () => {
    for (const text of ["SET holdpoint.reason = 'x'", `${DELETE} AND 1 = 1`, 'RESET holdpoint.reason', DELETE])
      await client.ask(text)
    expect(reasons()).toEqual(['said with SET', null])
  })

  test('is not set by what the server refuses', async () => {
    await client.ask('BEGIN')
    await client.ask('SELECT 1/0')
    await client.ask("SET holdpoint.reason = 'x'")
    await client.ask('ROLLBACK')
    await client.ask(DELETE)
    expect(reasons()).toEqual([null])
  })

  test('of the connection comes back with RESET, and a comment outweighs it', async () => {
    const other = await RawClient.open(at.through, { options: '-c holdpoint.reason=ticket\\ 42' })
    for (const text of [
      `/* holdpoint: reason=nearer */ ${DELETE} AND 2 = 2`,
      "SET holdpoint.reason = 'x'",
      'RESET holdpoint.reason',
      DELETE,
    ])
      await other.ask(text)
    other.close()
    expect(reasons()).toEqual(['nearer', 'ticket 42'])
  })
})

test('who is refused for now is told that a reason is wanted, and how to give it', async () => {
  const { D, H } = reportOf(await client.ask(DELETE))
  expect(JSON.parse(D ?? '')).toMatchObject({ reason_required: true })
  expect(H).toContain('/* holdpoint: reason=… */')
})

test('who waits is told so at once, and waits', async () => {
  await client.ask("SET holdpoint.on_hold = 'wait'")
  client.send(query(DELETE))
  const hold = await at.holds.pending()
  const notice = decodeReport((await client.until('N')).at(-1)?.bytes as Buffer)
  expect(notice.get('H')).toMatch(/cannot be approved before you say why.*http:\/\/console\.test\/holds\//)
  at.holds.settle(hold.id, 'rejected')
  expect(transcript(await client.until('Z'))).toEqual(['E YH002', 'Z I'])
})

test('in an open transaction reviewers and asker are told what it keeps locked', async () => {
  await client.ask("SET holdpoint.on_hold = 'wait'")
  client.send(query('BEGIN'), query(DELETE))
  const hold = await at.holds.pending()
  expect(hold.locks).toEqual([{ on: 'public.orders of a backend', mode: 'RowExclusiveLock' }])
  const notice = decodeReport((await client.until('N')).at(-1)?.bytes as Buffer)
  expect(notice.get('D')).toContain('keeps RowExclusiveLock on public.orders')
  at.holds.settle(hold.id, 'rejected')
  await client.until('Z')
})

test('what another request of the asker ran meanwhile is not asked for anew', async () => {
  await client.ask("SET holdpoint.on_hold = 'wait'")
  client.send(query(DELETE))
  const hold = await at.holds.pending()
  at.holds.all.set(hold.id, { ...hold, mode: 'error' })
  at.holds.settle(hold.id, 'executed')
  expect(reportOf(await client.until('Z'))).toMatchObject({ C: 'YH004', D: hold.id })
  expect(at.holds.all.size).toBe(1)
})
