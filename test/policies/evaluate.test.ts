import { beforeAll, describe, expect, test } from 'vitest'
import { compilePolicies } from '../../policies/compile.ts'
import type { Decision } from '../../policies/decision.ts'
import { type EvaluationLimits, loadPolicy, type Policy } from '../../policies/evaluate.ts'
import type { PolicyInput } from '../../policies/input.ts'
import { asked, bot, column, relation } from './asked.ts'
import { defaultPolicies, defaultPolicy, opa } from './default-policy.ts'
import { decisionPolicy } from './policy-folder.ts'

let policy: Policy
beforeAll(async () => {
  policy = await defaultPolicy()
}, 180_000)

const strictness = { allow: 0, hold: 1, deny: 2 } as const

/** Nothing that the whole input forbids or hides may pass when a part of it is not said. */
function isAsStrict(without: Decision, whole: Decision): boolean {
  if (without.outcome === 'deny') return true
  if (strictness[without.outcome] < strictness[whole.outcome]) return false
  const shown = whole.masks.filter((mask) => !without.masks.some((other) => other.column === mask.column))
  const groups = whole.reviewers.filter(({ group }) => !without.reviewers.some((other) => other.group === group))
  return shown.length === 0 && groups.length === 0
}

type Tree = Record<string, unknown>

/** Every input that lacks exactly one field, at any depth. */
function* lackingOne(input: unknown, path = ''): Generator<{ path: string; input: unknown }> {
  if (typeof input !== 'object' || input === null) return
  for (const [key, value] of Object.entries(input as Tree)) {
    const rest = { ...(input as Tree) }
    delete rest[key]
    if (!Array.isArray(input)) yield { path: `${path}.${key}`, input: rest }
    for (const inner of lackingOne(value, `${path}.${key}`)) {
      const copy = Array.isArray(input) ? [...(input as unknown[])] : { ...(input as Tree) }
      ;(copy as Tree)[key] = inner.input
      yield { path: inner.path, input: copy }
    }
  }
}

const inputs: Readonly<Record<string, PolicyInput>> = {
  'a DROP in production': asked({
    kind: 'drop',
    tag: 'DROP TABLE',
    effects: ['ddl'],
    relations: [relation('orders', ['drop'])],
  }),
  'a DELETE of every row': asked({
    kind: 'delete',
    tag: 'DELETE',
    effects: ['write'],
    relations: [relation('orders', ['delete'])],
    flags: ['no_where'],
  }),
  'a read of masked columns': asked({
    relations: [relation('customers', ['select'], { labels: ['email'] })],
    columns: [column('name', ['projected'], []), column('email', ['projected'], ['email'])],
  }),
  'an agent’s write': asked(
    {
      kind: 'update',
      tag: 'UPDATE',
      effects: ['write'],
      relations: [relation('customers', ['update'], { labels: ['email'] })],
      columns: [column('email', ['written'], ['email'])],
    },
    bot,
  ),
  'an export of masked columns': asked({
    kind: 'copy',
    tag: 'COPY',
    relations: [relation('customers', ['select'], { labels: ['email'] })],
    columns: [column('email', ['projected'], ['email'])],
    flags: ['copy_to'],
  }),
  'a copy of masked columns': asked({
    effects: ['read', 'write'],
    relations: [relation('customers', ['select'], { labels: ['email'] }), relation('copies', ['insert'])],
    columns: [column('email', ['projected'], ['email'])],
  }),
  'a read of a closed catalog': asked({
    relations: [relation('pg_stats', ['select'], { schema: 'pg_catalog', system: true, kind: 'view' })],
  }),
  'a call that reads files': asked({
    functions: [{ schema: 'pg_catalog', name: 'pg_read_file', volatility: 'volatile', known: true, builtin: true }],
    external: [{ kind: 'file', detail: 'pg_read_file' }],
  }),
  'another role': asked({
    kind: 'variable_set',
    tag: 'SET',
    effects: ['session'],
    settings: [{ name: 'role', value: 'postgres', scope: 'session' }],
  }),
  'a grant': asked({ kind: 'grant', tag: 'GRANT', effects: ['privilege'], relations: [relation('orders', ['grant'])] }),
  'something unresolved': asked({ unresolved: [{ code: 'relation', detail: 'nowhere' }] }),
}

describe.each(Object.entries(inputs))('%s', (_name, input) => {
  test('is never judged more mildly for a field that is missing', () => {
    const whole = policy.decide(input)
    expect(whole.outcome !== 'allow' || whole.masks.length > 0).toBe(true)
    const milder = [...lackingOne(input)].filter((less) => {
      // What decides by an input without a session or identity at all fails before it reaches the policy.
      if (less.path === '.session' || less.path === '.identity') return false
      return !isAsStrict(policy.decide(less.input as PolicyInput), whole)
    })
    expect(milder.map(({ path }) => path)).toEqual([])
  })
})

test('remembers a decision by its input, and by nothing that the policy is not shown', () => {
  const first = policy.decide(asked())
  const elsewhere = {
    ...asked(),
    session: { ...asked().session, application: 'dbeaver', transaction: 'open' as const },
  }
  expect(policy.decide(structuredClone(elsewhere))).toBe(first)
  expect(policy.decide(asked({ tag: 'TABLE' }))).not.toBe(first)
})

test('a decision that takes more memory than it may fails, and the next one is made', async () => {
  const range = 'count([n | some n in numbers.range(1, 200000)])'
  using folder = decisionPolicy(`decision := {"outcome": "allow"} if {
	input.statement.tag == "SELECT"
	${range} > 0
}

decision := 7 if input.statement.tag != "SELECT"`)
  const compiled = await compilePolicies({
    path: folder.path,
    opa: () => opa(),
    cacheFolder: folder.cacheFolder,
    progress: () => undefined,
  })
  const bounded = await loadPolicy(compiled, { decisionBytesMax: 2 * 1024 * 1024 })
  const unbounded = await loadPolicy(compiled)
  const code = (policy: Policy, tag: string): string => {
    try {
      policy.decide(asked({ tag }))
      return 'decided'
    } catch (error) {
      return (error as { code: string }).code
    }
  }
  expect([code(bounded, 'SELECT'), code(bounded, 'UPDATE')]).toEqual(['evaluation_failed', 'result_invalid'])
  expect(code(unbounded, 'SELECT')).toBe('result_invalid')
}, 60_000)

test('gives the same answers when its memory was bounded and it had to start anew', async () => {
  const small = await loadPolicy(await defaultPolicies(), { memoryBytesMax: 1, rememberedBytesMax: 0 })
  for (let round = 0; round < 3; round++)
    for (const input of Object.values(inputs)) expect(small.decide(input)).toEqual(policy.decide(input))
})

test('refuses an input that is larger than it may be', async () => {
  const small = await loadPolicy(await defaultPolicies(), { inputCharsMax: 300 })
  expect(() => small.decide(asked())).toThrow(expect.objectContaining({ code: 'evaluation_failed' }))
})

const WHOLE = `{
	"outcome": "hold", "rules": [{"id": "a", "title": "a", "reason": "a", "outcome": "hold"}], "masks": [],
	"reviewers": [{"group": "dba", "count": 1}], "expiryMs": 1000, "grantMs": 1000, "onHold": "wait",
}`
const changed = (changes: string) => `decision := object.union(${WHOLE}, ${changes})`

async function policyOf(body: string, limits?: EvaluationLimits): Promise<Policy> {
  using folder = decisionPolicy(body)
  const compiled = await compilePolicies({
    path: folder.path,
    opa,
    cacheFolder: folder.cacheFolder,
    progress: () => undefined,
  })
  return loadPolicy(compiled, limits)
}

describe('an answer that is no decision', () => {
  test('is told from one that is', async () => {
    expect((await policyOf(`decision := ${WHOLE}`)).decide(asked()).outcome).toBe('hold')
  })

  test.each([
    { what: 'nothing', body: `decision := ${WHOLE} if input.statement.tag == "OTHER"`, code: 'result_undefined' },
    { what: 'false', body: 'decision := false', code: 'result_invalid' },
    { what: 'an empty list', body: 'decision := []', code: 'result_invalid' },
    { what: 'an outcome that there is not', body: changed('{"outcome": "perhaps"}'), code: 'result_invalid' },
    { what: 'a field more', body: changed('{"sure": true}'), code: 'result_invalid' },
    { what: 'a field less', body: `decision := object.remove(${WHOLE}, {"masks"})`, code: 'result_invalid' },
    { what: 'a hold that nobody can answer', body: changed('{"reviewers": []}'), code: 'result_invalid' },
    { what: 'a hold without end', body: changed('{"expiryMs": null}'), code: 'result_invalid' },
    { what: 'no rule', body: changed('{"outcome": "allow", "rules": []}'), code: 'result_invalid' },
    { what: 'two answers at once', body: `decision := ${WHOLE}\n\ndecision := 1`, code: 'evaluation_failed' },
  ])('throws for $what', async ({ body, code }) => {
    const bad = await policyOf(body)
    expect(() => bad.decide(asked())).toThrow(expect.objectContaining({ code }))
    expect(() => bad.decide(asked())).toThrow(expect.objectContaining({ code }))
  })
})

test('goes on after it failed once', async () => {
  const flaky = await policyOf(`decision := ${WHOLE}\n\ndecision := 1 if input.statement.tag == "CONFLICT"`)
  expect(() => flaky.decide(asked({ tag: 'CONFLICT' }))).toThrow(expect.objectContaining({ code: 'evaluation_failed' }))
  expect(flaky.decide(asked()).outcome).toBe('hold')
})

test('refuses a module that is none, or that leans on builtins of the SDK', async () => {
  const compiled = await defaultPolicies()
  await expect(loadPolicy({ ...compiled, wasm: Buffer.from('no') })).rejects.toMatchObject({ code: 'module_unusable' })
})
