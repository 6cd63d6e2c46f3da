import { serialize } from 'pg-protocol'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { decodeReport } from '../../../proxy/wire/messages/error-response.ts'
import { encodeCancelRequest } from '../../../proxy/wire/messages/startup.ts'
import { HoldError } from '../../../workflows/holds/errors.ts'
import { RawClient, reportOf, transcript } from './raw-client.ts'
import { sessionServer, type TestServer } from './session-server.ts'

const { parse, bind, execute, query, sync } = serialize

let at: TestServer
let client: RawClient
beforeAll(async () => {
  at = await sessionServer({ overrides: { 'holds.inTransactionMs': 1_000 } })
  at.gate.say(/^DELETE/, { outcome: 'hold', onHold: 'wait' })
  const direct = await RawClient.open(at.direct)
  await direct.ask('CREATE TABLE t AS SELECT generate_series(1, 3) AS id')
  direct.close()
})
afterAll(() => at[Symbol.asyncDispose]())

beforeEach(async () => {
  client = await RawClient.open(at.through)
})
afterEach(() => client.close())

async function count(): Promise<string | undefined> {
  const direct = await RawClient.open(at.direct)
  const lines = transcript(await direct.ask('SELECT count(*) FROM t'))
  direct.close()
  return lines.find((line) => line.startsWith('D '))
}

async function restore(): Promise<void> {
  const direct = await RawClient.open(at.direct)
  await direct.ask('TRUNCATE t; INSERT INTO t SELECT generate_series(1, 3)')
  direct.close()
}

describe('waiting', () => {
  test('says at once that the statement is held, and gives its result when it is approved', async () => {
    client.send(query('DELETE FROM t WHERE id = 1'))
    const notice = await client.next()
    const fields = decodeReport(notice.bytes)
    const hold = await at.holds.pending()
    expect(notice.type).toBe('N')
    expect(fields.get('M')).toContain('The test says hold.')
    expect(fields.get('D')).toContain(`1 of dba until ${hold.expiresAt}. ${hold.id}`)
    expect(fields.get('H')).toContain(`http://console.test/holds/${hold.id}`)
    expect(await count()).toBe('D 3')
    at.holds.settle(hold.id, 'approved')
    expect(transcript(await client.until('Z'))).toEqual(['C DELETE 1', 'Z I'])
    expect(at.holds.all.get(hold.id)?.status).toBe('executed')
    expect(at.holds.outcomes.get(hold.id)).toMatchObject({ ok: true, tag: 'DELETE 1' })
    expect(at.trail.named('statement.intended').at(-1)).toMatchObject({ hold: hold.id })
    await restore()
  })

  test.each([
    ['rejected', 'YH002', 'not on a Friday'],
    ['expired', 'YH003', 'in time'],
    ['withdrawn', '57014', 'withdrawn'],
    ['abandoned', 'YH003', 'abandoned'],
  ] as const)('a hold that is %s ends as %s, and the session lives', async (status, sqlstate, said) => {
    client.send(query('DELETE FROM t'))
    const hold = await at.holds.pending()
    at.holds.settle(hold.id, status, 'not on a Friday')
    const messages = await client.until('Z')
    expect(reportOf(messages)).toMatchObject({ C: sqlstate, M: expect.stringContaining(said) })
    expect(transcript(await client.ask('SELECT 1'))).toContain('D 1')
    expect(await count()).toBe('D 3')
  })

  test('what was sent behind it waits, and what was sent before it is answered first', async () => {
    client.send(query('SELECT 1'), query('DELETE FROM t WHERE id = 9'), query('SELECT 2'))
    const hold = await at.holds.pending()
    expect(transcript(await client.until('N'))).toEqual(['T', 'D 1', 'C SELECT 1', 'Z I', 'N YH001'])
    at.holds.settle(hold.id, 'approved')
    const rest = transcript(await client.until('Z', 2))
    expect(rest).toEqual(['C DELETE 0', 'Z I', 'T', 'D 2', 'C SELECT 1', 'Z I'])
  })

  test('is judged anew after the approval, and a denial then counts', async () => {
    client.send(query('DELETE FROM t WHERE id = 2'))
    const hold = await at.holds.pending()
    at.gate.say(/^DELETE FROM t WHERE id = 2/, { outcome: 'deny' })
    at.holds.settle(hold.id, 'approved')
    expect(transcript(await client.until('Z'))).toEqual(['N YH001', 'E 42501', 'Z I'])
    expect(at.holds.all.get(hold.id)?.status).toBe('approved')
  })

  test('an approval is worth nothing for a statement that means another thing by then', async () => {
    client.send(query('DELETE FROM t WHERE id = 8'))
    const first = await at.holds.pending()
    at.holds.all.set(first.id, { ...first, digest: 'another' })
    at.holds.settle(first.id, 'approved')
    const second = await at.holds.pending()
    expect(second.id).not.toBe(first.id)
    expect(second.digest).toBe(first.digest)
    at.holds.settle(second.id, 'approved')
    expect(transcript(await client.until('Z'))).toEqual(['N YH001', 'N YH001', 'C DELETE 0', 'Z I'])
    expect(at.holds.all.get(first.id)?.status).toBe('approved')
  })

  test('taken back between its approval and its run it does not run, and nobody is asked anew', async () => {
    client.send(query('DELETE FROM t'))
    const hold = await at.holds.pending()
    const asked = at.holds.all.size
    await client.until('N') // it waits by then
    at.holds.settle(hold.id, 'approved')
    at.holds.settle(hold.id, 'withdrawn')
    expect(transcript(await client.until('Z'))).toEqual(['E 57014', 'Z I'])
    expect(at.holds.all.size).toBe(asked)
    expect(await count()).toBe('D 3')
  })

  test('cancelling withdraws it', async () => {
    const key = client.received.find(({ type }) => type === 'K')?.bytes.subarray(5) as Buffer
    client.send(query('DELETE FROM t'))
    const hold = await at.holds.pending()
    await client.until('N')
    expect(at.server.cancel(Buffer.from(key))).toBe(true)
    expect(transcript(await client.until('Z'))).toEqual(['E 57014', 'Z I'])
    expect(at.holds.all.get(hold.id)?.status).toBe('withdrawn')
    expect(encodeCancelRequest(key)).toHaveLength(16)
  })

  test('a client that leaves abandons it, and a later approval runs nothing', async () => {
    client.send(query('DELETE FROM t'))
    const hold = await at.holds.pending()
    client.close()
    await expect.poll(() => at.holds.abandoned).toContain(hold.id)
    at.holds.settle(hold.id, 'approved')
    expect(await count()).toBe('D 3')
    await expect.poll(() => at.server.sessions).toBe(0)
  })

  test('in an open transaction the wait is bounded, and the notice says so', async () => {
    client.send(query('BEGIN'), query('DELETE FROM t WHERE id = 9'))
    const hold = await at.holds.pending()
    expect(hold.expiryMs).toBe(1_000)
    const notice = (await client.until('N')).at(-1)
    expect(decodeReport(notice?.bytes as Buffer).get('D')).toContain('a transaction is open')
    at.holds.settle(hold.id, 'rejected', null)
    expect(transcript(await client.until('Z'))).toEqual(['E YH002', 'Z E'])
    expect(transcript(await client.ask('ROLLBACK'))).toEqual(['C ROLLBACK', 'Z I'])
  })

  test('nothing is locked meanwhile, although the statement was parsed already', async () => {
    client.send(parse({ text: 'DELETE FROM t WHERE id = $1' }), bind({ values: ['9'] }), execute(), sync())
    const hold = await at.holds.pending()
    expect(hold).toMatchObject({ statement: 'DELETE FROM t WHERE id = $1', parameters: ['9'] })
    const direct = await RawClient.open(at.direct)
    expect(transcript(await direct.ask('BEGIN; LOCK TABLE t NOWAIT; COMMIT'))).toContain('C COMMIT')
    direct.close()
    at.holds.settle(hold.id, 'approved')
    expect(transcript(await client.until('Z'))).toEqual(['1', 'N YH001', '2', 'C DELETE 0', 'Z I'])
  })

  test('in a failed transaction nobody is asked', async () => {
    await client.ask('BEGIN')
    await client.ask('SELECT 1/0')
    const before = at.holds.all.size
    expect(transcript(await client.ask('DELETE FROM t'))).toEqual(['E 25P02', 'Z E'])
    expect(at.holds.all.size).toBe(before)
  })

  test('a client that sends far too much behind it is let go', async () => {
    client.send(query('DELETE FROM t'))
    await at.holds.pending()
    const much = query(`SELECT '${'x'.repeat(5 * 1024 * 1024)}'`)
    client.send(much)
    const messages = await client.toTheEnd()
    expect(reportOf(messages)).toMatchObject({ S: 'FATAL', C: '54000' })
    expect(at.holds.abandoned.length).toBeGreaterThan(0)
  })
})

describe('answering at once', () => {
  const insisting = { options: '-c holdpoint.on_hold=error -c holdpoint.reason=ticket\\ 42' }

  test('gives the hold as JSON, and runs the same statement once when it was approved', async () => {
    const agent = await RawClient.open(at.through, insisting)
    const ask = async (): Promise<readonly string[]> => transcript(await agent.ask('DELETE FROM t WHERE id = 7'))
    const first = await agent.ask('DELETE FROM t WHERE id = 7')
    expect(transcript(first)).toEqual(['E YH001', 'Z I'])
    const hold = await at.holds.pending()
    expect(hold).toMatchObject({ mode: 'error', reason: 'ticket 42' })
    expect(JSON.parse(reportOf(first).D ?? '')).toEqual({
      hold: hold.id,
      status_url: `http://console.test/holds/${hold.id}`,
      reviewers: [{ group: 'dba', count: 1 }],
      expires_at: hold.expiresAt,
      rules: [{ id: 'test.hold', reason: 'The test says hold.' }],
      reason_required: false,
    })
    at.holds.settle(hold.id, 'approved')
    expect(await ask()).toEqual(['C DELETE 0', 'Z I'])
    expect(await ask()).toEqual(['E YH001', 'Z I'])
    await at.holds.withdraw((await at.holds.pending()).id)
    agent.close()
  })

  test('an approval of one set of parameters is none of another', async () => {
    const agent = await RawClient.open(at.through, insisting)
    const ask = async (id: string): Promise<readonly string[]> => {
      agent.send(parse({ text: 'DELETE FROM t WHERE id = $1' }), bind({ values: [id] }), execute(), sync())
      return transcript(await agent.until('Z'))
    }
    expect(await ask('100')).toEqual(['1', 'E YH001', 'Z I'])
    at.holds.settle((await at.holds.pending()).id, 'approved')
    expect(await ask('101')).toEqual(['1', 'E YH001', 'Z I'])
    expect(await ask('100')).toEqual(['1', '2', 'C DELETE 0', 'Z I'])
    await at.holds.withdraw((await at.holds.pending()).id)
    agent.close()
  })

  test('is how agents are held unless the policy says otherwise', async () => {
    await using agents = await sessionServer({ identity: { kind: 'agent' } })
    agents.gate.say(/^DELETE/, { outcome: 'hold' })
    const agent = await RawClient.open(agents.through)
    expect(transcript(await agent.ask('DELETE FROM pg_class'))).toEqual(['E YH001', 'Z I'])
    agent.close()
  })

  test.each(['too_many', 'too_many_of_asker'] as const)(
    'where as many are held as may be, says so: %s',
    async (code) => {
      at.holds.full = new HoldError(code, 'You have as many', { hint: 'Withdraw some' })
      const messages = await client.ask('DELETE FROM t')
      expect(transcript(messages)).toEqual(['E 53400', 'Z I'])
      expect(reportOf(messages)).toMatchObject({
        M: 'Holdpoint: You have as many',
        H: 'Withdraw some. Nothing was run',
      })
      at.holds.full = null
      expect(transcript(await client.ask('SELECT 1'))).toContain('D 1')
    },
  )

  test('when approvals cannot be asked for, the statement is refused and the session lives', async () => {
    at.holds.unreachable = true
    expect(transcript(await client.ask('DELETE FROM t'))).toEqual(['E 58000', 'Z I'])
    at.holds.unreachable = false
    expect(transcript(await client.ask('SELECT 1'))).toContain('D 1')
  })
})

test('several statements under one hold are approved as one', async () => {
  client.send(query('INSERT INTO t VALUES (50); DELETE FROM t WHERE id = 50'))
  const hold = await at.holds.pending()
  expect(hold.statement).toBe('INSERT INTO t VALUES (50);\nDELETE FROM t WHERE id = 50')
  at.holds.settle(hold.id, 'approved')
  expect(transcript(await client.until('Z'))).toEqual(['N YH001', 'C INSERT 0 1', 'C DELETE 1', 'Z I'])
  expect(at.holds.outcomes.get(hold.id)).toMatchObject({ ok: true, tag: 'DELETE 1' })
})
