import { serialize } from 'pg-protocol'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import type { Mask } from '../../../policies/decision.ts'
import { RawClient, reportOf, transcript } from './raw-client.ts'
import { sessionServer, type TestServer } from './session-server.ts'

const { parse, bind, describe: describeMessage, execute, sync } = serialize

const mask: Mask = { schema: 'public', relation: 'people', column: 'email', label: 'email', method: 'redact' }
const SECRET = 'canary@secret.example'

let at: TestServer
let client: RawClient
let labelled = 0
beforeAll(async () => {
  at = await sessionServer({
    dependencies: {
      catalogOf: () => ({
        version: () => 0,
        labelsOf: (oid, attribute) => (oid === labelled && attribute === 2 ? ['email'] : []),
        changed: () => undefined,
        look: () => Promise.resolve(),
        runsCode: () => false,
      }),
    },
  })
  const direct = await RawClient.open(at.direct)
  await direct.ask(`CREATE TABLE people AS SELECT n AS id, '${SECRET}' || n AS email FROM generate_series(1, 3) n`)
  const [line] = transcript(await direct.ask("SELECT 'people'::regclass::oid")).filter((said) => said.startsWith('D '))
  labelled = Number(line?.slice(2))
  direct.close()
  const masked = { masks: [mask], scrub: true, outputMasks: [null, mask] }
  at.gate.say(/^SELECT id, email/, masked)
  at.gate.say(/^SELECT email, id/, masked)
  at.gate.say(/^SELECT id FROM people/, { masks: [mask], outputMasks: [null, mask] })
  at.gate.say(/^SELECT email/, { masks: [mask], outputMasks: [null] })
  at.gate.say(/^SELECT email::int/, { masks: [mask], scrub: true, outputMasks: [null] })
})
afterAll(() => at[Symbol.asyncDispose]())
beforeEach(async () => {
  client = await RawClient.open(at.through)
})
afterEach(() => {
  const everything = Buffer.concat(client.received.map(({ bytes }) => bytes)).toString('latin1')
  client.close()
  expect(everything).not.toContain('canary')
})

const rows = (lines: readonly string[]): readonly string[] => lines.filter((line) => line.startsWith('D '))
const text = 'SELECT id, email FROM people'

test('a simple query’s rows are masked, and counted as masked', async () => {
  const lines = transcript(await client.ask(text))
  expect(rows(lines)).toHaveLength(3)
  expect(lines).toContain('C SELECT 3')
  expect(at.trail.named('statement.completed').at(-1)).toMatchObject({ ok: true, rows: 3, masked: 3 })
})

test('so are those of a portal nobody described, and nobody hears of our question', async () => {
  client.send(parse({ text }), bind(), execute(), sync())
  const lines = transcript(await client.until('Z'))
  expect(lines.map((line) => line[0])).toEqual(['1', '2', 'D', 'D', 'D', 'C', 'Z'])
})

test('so are those of a portal the client described itself, in binary, by rows', async () => {
  client.send(parse({ text }), bind({ binary: true }), describeMessage({ type: 'P' }))
  client.send(execute({ rows: 2 }), execute({ rows: 2 }), sync())
  const lines = transcript(await client.until('Z'))
  expect(lines.map((line) => line[0])).toEqual(['1', '2', 'T', 'D', 'D', 's', 'D', 'C', 'Z'])
})

test.each([
  ['another number of columns than was judged', 'SELECT id FROM people'],
  ['a labelled column where the judgement has a clear one', 'SELECT email, id FROM people'],
  ['a labelled column of a statement that masks nothing', 'SELECT email FROM people'],
])('%s: no row passes and both sides close', async (_why, wrong) => {
  client.send(serialize.query(wrong))
  const messages = await client.toTheEnd()
  expect(reportOf(messages)).toMatchObject({ S: 'FATAL', C: '42501' })
  expect(transcript(messages)).toEqual(['E 42501'])
})

test('an extended statement whose rows are not what was judged ends in the same way', async () => {
  client.send(parse({ text: 'SELECT email, id FROM people' }), bind(), execute(), sync())
  expect(transcript(await client.toTheEnd())).toEqual(['1', '2', 'E 42501'])
})

test('an error’s text is withheld, its SQLSTATE is not', async () => {
  const report = reportOf(await client.ask('SELECT email::int FROM people'))
  expect(report).toMatchObject({ S: 'ERROR', C: '22P02' })
  expect(transcript(await client.ask('SELECT 1'))).toContain('D 1')
})
