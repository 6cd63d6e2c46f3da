import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { CompiledPolicy } from '../../../policies/compile.ts'
import { putInForce } from '../../harness/release-in-force.ts'
import { type DoorsStand, openDoorsStand } from '../doors/doors-stand.ts'
import { judgedBy, policiesWith, RELEASED } from './put-in-force.ts'

/** A statement is held under one release, approved, and another release is in force when it would run. */
let stand: DoorsStand
const releases = new Map<string, CompiledPolicy>()

const rule = (name: string, body: string): Readonly<Record<string, string>> => ({
  [`rules/general/${name}.rego`]: `# METADATA
# title: Of a test
# description: A rule of a test.
# custom:
#   severity: high
#   owner: dba
#   controls: [SOC 2 CC6.1]
package holdpoint.rules.general.${name}

title := rego.metadata.chain()[1].annotations.title

${body}
`,
  [`rules/general/${name}_test.rego`]: `package holdpoint.rules.general.${name}_test\n\ntest_nothing if true\n`,
})
const FILES = {
  first: {},
  denying: rule('no_updates', 'deny contains {"reason": "No updates today."} if input.statement.tag == "UPDATE"'),
  allowing: { 'data/modes.yaml': 'modes: { production.unbounded_write: warn }\n' },
  'asking others': rule(
    'owners',
    'hold contains {"reason": "x", "reviewers": [{"group": "security", "count": 1}], "covers": ["write"]} if input.statement.tag == "UPDATE"',
  ),
}
type Release = keyof typeof FILES

beforeAll(async () => {
  stand = await openDoorsStand(RELEASED)
  for (const [name, files] of Object.entries(FILES)) releases.set(name, await policiesWith(files))
}, 240_000)
afterAll(() => stand[Symbol.asyncDispose]())
beforeEach(() => inForce('first'), 120_000)

/** Until statements are judged by it. */
async function inForce(name: Release): Promise<void> {
  const release = releases.get(name) as CompiledPolicy
  await putInForce(stand.workflows.pool, release)
  await judgedBy(stand, release)
}

let one = 0
const held = (): string => `UPDATE customers SET name = name || '!' WHERE true /* ${++one} */`
const named = async (): Promise<string> =>
  (await stand.direct.query('SELECT name FROM customers WHERE id = 1')).rows[0].name

/** Held over the wire and approved there. @returns the client, which has not asked again yet */
async function approvedOnTheWire(sql: string) {
  const client = await stand.wire('ana')
  const refused = await client.query(sql).catch((error: unknown) => error)
  expect(refused).toMatchObject({ code: 'YH001' })
  const { hold: id } = JSON.parse((refused as { detail: string }).detail) as { hold: string }
  await stand.answer(id, 'approve')
  return { client, id, [Symbol.asyncDispose]: () => client.end() }
}

describe('over the wire, a statement that was approved under an earlier release', () => {
  test('runs under the one that holds it for the same reviewers', async () => {
    const [sql, before] = [held(), await named()]
    await using approved = await approvedOnTheWire(sql)
    await inForce('allowing')
    await inForce('first')
    await approved.client.query(sql)
    expect(await named()).toBe(`${before}!`)
    await expect(approved.client.query(sql)).rejects.toMatchObject({ code: 'YH001' })
  }, 240_000)

  test('is refused where the one in force denies it', async () => {
    const [sql, before] = [held(), await named()]
    await using approved = await approvedOnTheWire(sql)
    await inForce('denying')
    await expect(approved.client.query(sql)).rejects.toMatchObject({ code: '42501' })
    expect(await named()).toBe(before)
  }, 240_000)

  test('runs without its approval where the one in force allows it', async () => {
    const [sql, before] = [held(), await named()]
    await using approved = await approvedOnTheWire(sql)
    await inForce('allowing')
    await approved.client.query(sql)
    expect(await named()).toBe(`${before}!`)
    expect((await stand.workflows.holds.find(approved.id))?.status).toBe('approved')
  }, 240_000)

  test('is held anew where the one in force asks somebody else, and runs when they agreed', async () => {
    const [sql, before] = [held(), await named()]
    await using approved = await approvedOnTheWire(sql)
    await inForce('asking others')
    const refused = await approved.client.query(sql).catch((error: unknown) => error)
    expect(refused).toMatchObject({ code: 'YH001' })
    const { hold: anew } = JSON.parse((refused as { detail: string }).detail) as { hold: string }
    expect(anew).not.toBe(approved.id)
    expect(await named()).toBe(before)
    await stand.answer(anew, 'approve', 'ben')
    await stand.answer(anew, 'approve', 'cleo')
    await approved.client.query(sql)
    expect(await named()).toBe(`${before}!`)
  }, 240_000)

  test('and that waits all the while is held anew, for others, and says of what', async () => {
    const before = await named()
    const sql = held()
    const waiting = await stand.wire('ana', {}, 'wait')
    const result = waiting.query(sql).catch((error: unknown) => error)
    try {
      const id = await pending(sql)
      await inForce('asking others')
      await stand.answer(id, 'approve')
      const anew = await pending(sql)
      expect(await stand.workflows.holds.find(anew)).toMatchObject({ anewOf: id })
      await stand.answer(anew, 'approve', 'ben')
      await stand.answer(anew, 'approve', 'cleo')
      expect(await result).toMatchObject({ command: 'UPDATE' })
      expect(await named()).toBe(`${before}!`)
    } finally {
      await waiting.end()
    }
  }, 240_000)

  test('and that waits all the while is judged by the one in force', async () => {
    const before = await named()
    const sql = held()
    const waiting = await stand.wire('ana', {}, 'wait')
    const result = waiting.query(sql).catch((error: unknown) => error)
    try {
      const id = await pending(sql)
      await inForce('denying')
      await stand.answer(id, 'approve')
      expect(await result).toMatchObject({ code: '42501' })
      expect(await named()).toBe(before)
    } finally {
      await waiting.end()
    }
  }, 240_000)
})

async function pending(sql: string): Promise<string> {
  const find = async (): Promise<readonly { readonly id: string }[]> => {
    const pendingNow = "SELECT id FROM hold WHERE status = 'pending' AND strpos(request::text, $1) > 0"
    return (await stand.workflows.pool.query(pendingNow, [/\/\* \d+ \*\//.exec(sql)?.[0]])).rows
  }
  await expect.poll(async () => (await find()).length, { timeout: 30_000 }).toBe(1)
  return (await find())[0]?.id as string
}

describe('deferred, a statement whose approval comes under another release', () => {
  /** Deferred under the first release, then approved under this one. @returns how its run ended */
  async function approvedUnder(
    release: Release,
  ): Promise<{ readonly id: string; readonly state: string; readonly why: unknown }> {
    const { status, body } = await stand.statement('ana', held())
    expect(status).toBe(202)
    await inForce(release)
    await stand.answer(body.hold.id, 'approve')
    const shown = async () => (await stand.call('ana', 'GET', `/v1/holds/${body.hold.id}`)).body.result
    await expect.poll(async () => (await shown()).state, { timeout: 60_000 }).not.toBe('waiting')
    await expect.poll(async () => (await shown()).state, { timeout: 60_000 }).not.toBe('running')
    return { id: body.hold.id, ...(await shown()) }
  }

  const result = (id: string) => stand.call('ana', 'GET', `/v1/holds/${id}/result`)

  test.each(['first', 'allowing'] as const)(
    'runs where the one in force would have it run: %s',
    async (release) => {
      const before = await named()
      const { id, state, why } = await approvedUnder(release)
      expect(state, JSON.stringify(why)).toBe('ready')
      expect((await result(id)).body).toMatchObject({ status: 'completed' })
      expect(await named()).toBe(`${before}!`)
    },
    240_000,
  )

  test('is refused where the one in force denies it', async () => {
    const before = await named()
    const { id, state } = await approvedUnder('denying')
    expect(state).toBe('ready')
    expect((await result(id)).body).toMatchObject({ sqlstate: '42501' })
    expect(await named()).toBe(before)
  }, 240_000)

  test('is not run where the one in force asks somebody else', async () => {
    const before = await named()
    const { state, why } = await approvedUnder('asking others')
    expect(state).toBe('not_run')
    expect(why).toMatch(/approv|policy|review/)
    expect(await named()).toBe(before)
  }, 240_000)
})
