import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { decisionExplained, ruleExplained } from '../../policies/explain-rule.ts'
import { shownTo } from '../../policies/manifest.ts'
import { newRule } from '../../policies/new-rule.ts'
import { asked, relation } from './asked.ts'
import { defaultPolicy } from './default-policy.ts'
import { policyFolder } from './policy-folder.ts'

test.each(['reads', 'General/reads', 'a/b/c', '../a/b', 'a/b_test', 'a/b-c', ''])(
  'refuses %j as the name of a rule',
  (id) => {
    using folder = policyFolder('empty')
    expect(() => newRule(folder.path, id)).toThrow(/is not a name for a rule/)
  },
)

test('never writes over a rule that is there', () => {
  using folder = policyFolder('default')
  expect(() => newRule(folder.path, 'general/reads')).toThrow(/is there already/)
})

test('explains a rule, and the facts behind a decision of a recorded input', async () => {
  const policy = await defaultPolicy()
  expect(ruleExplained(policy, 'production.drop')).toMatch(
    /severity +critical[\s\S]*reads +statement\.kind, statement\.relations/,
  )
  expect(() => ruleExplained(policy, 'production.dorp')).toThrow(/no rule production\.dorp/)
  using folder = policyFolder('empty')
  const file = join(folder.path, 'input.json')
  const dropping = asked({
    kind: 'drop',
    tag: 'DROP TABLE',
    effects: ['ddl'],
    relations: [relation('orders', ['drop'])],
  })
  writeFileSync(file, JSON.stringify({ digest: 'a', decisions: 1, input: shownTo(policy.manifest, dropping) }))
  const { decision, factsUsed } = JSON.parse(decisionExplained(policy, file))
  expect(decision.outcome).toBe('deny')
  expect(factsUsed).toContainEqual({
    rule: 'production.drop',
    facts: {
      'statement.kind': 'drop',
      'statement.relations': [expect.objectContaining({ name: 'orders' })],
      'statement.tag': 'DROP TABLE',
      'target.environment': 'production',
    },
  })
  writeFileSync(file, '{"version": 1}')
  expect(() => decisionExplained(policy, file)).toThrow(/is no policy input:[\s\S]*identity/)
}, 180_000)
