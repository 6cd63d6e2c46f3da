import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { decodeReport } from '../../../proxy/wire/messages/error-response.ts'
import { RawClient, transcript } from './raw-client.ts'
import { sessionServer, type TestServer } from './session-server.ts'

let at: TestServer
let client: RawClient
beforeAll(async () => {
  at = await sessionServer()
  at.gate.say(/DELETE/, { outcome: 'hold', onHold: 'error' })
  at.gate.say(/^SET holdpoint\.break_glass/, {
    facts: { settings: [{ name: 'holdpoint.break_glass', value: 'the shop is down', scope: 'session' }] },
  })
})
afterAll(() => at[Symbol.asyncDispose]())
beforeEach(async () => {
  at.holds.noGlass = false
  client = await RawClient.open(at.through)
})
afterEach(() => client.close())

const DELETE = 'DELETE FROM pg_statistic WHERE false'

test('said with SET it counts for one held statement, which runs at once', async () => {
  await client.ask("SET holdpoint.break_glass = 'the shop is down'")
  const messages = await client.ask(DELETE)
  expect(transcript(messages)).toEqual(['N YH001', 'C DELETE 0', 'Z I'])
  expect(decodeReport(messages[0]?.bytes as Buffer).get('M')).toContain('the glass is broken')
  expect(transcript(await client.ask(DELETE))).toEqual(['E YH001', 'Z I'])
})

test('said when connecting, too, and in a comment for that statement', async () => {
  const other = await RawClient.open(at.through, { options: '-c holdpoint.break_glass=down' })
  expect(transcript(await other.ask(DELETE))).toEqual(['N YH001', 'C DELETE 0', 'Z I'])
  expect(transcript(await other.ask(DELETE))).toEqual(['E YH001', 'Z I'])
  expect(transcript(await other.ask(`/* holdpoint: break_glass=down */ ${DELETE}`))).toContain('C DELETE 0')
  other.close()
})

test('what is allowed anyway does not use it up', async () => {
  await client.ask("SET holdpoint.break_glass = 'the shop is down'")
  await client.ask('SELECT 1')
  expect(transcript(await client.ask(DELETE))).toContain('C DELETE 0')
})

test('who may not is told, and held like everybody', async () => {
  at.holds.noGlass = true
  const messages = await client.ask(`/* holdpoint: break_glass=please */ ${DELETE}`)
  expect(transcript(messages)).toEqual(['N YH001', 'E YH001', 'Z I'])
  expect(decodeReport(messages[0]?.bytes as Buffer).get('M')).toContain('Only members of sre')
})

test('never for what is denied by the time it would run', async () => {
  at.gate.say(/DELETE FROM pg_shdepend/, { outcome: 'deny' })
  expect(transcript(await client.ask('/* holdpoint: break_glass=down */ DELETE FROM pg_shdepend'))).toEqual([
    'E 42501',
    'Z I',
  ])
  const { breakGlass } = at.holds
  at.holds.breakGlass = async (id) => {
    at.gate.say(/DELETE FROM pg_depend/, { outcome: 'deny' })
    return breakGlass.call(at.holds, id)
  }
  at.gate.say(/DELETE FROM pg_depend/, { outcome: 'hold', onHold: 'error' })
  const messages = await client.ask('/* holdpoint: break_glass=down */ DELETE FROM pg_depend WHERE false')
  expect(transcript(messages)).toEqual(['N YH001', 'E 42501', 'Z I'])
})
