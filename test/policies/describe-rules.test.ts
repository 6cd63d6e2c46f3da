import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { describeRules } from '../../policies/describe-rules.ts'
import { opa, POLICIES } from './default-policy.ts'
import { policyFolder } from './policy-folder.ts'

const described = async (path: string) => describeRules(await opa(), path)

test('tells of each rule which facts it reads, through the packages it uses too', async () => {
  const rules = new Map((await described(POLICIES)).map((rule) => [rule.id, rule]))
  expect(rules.get('production.drop')).toMatchObject({
    file: 'rules/production/drop.rego',
    severity: 'critical',
    mode: 'enforce',
    reads: ['statement.kind', 'statement.relations', 'statement.tag', 'target.environment'],
  })
  // Only `data.holdpoint.asking` and `data.holdpoint.statement` name the identity and the environment.
  expect(rules.get('agents.searches_labelled')?.reads).toContain('identity.groups')
  expect(rules.get('session.role')?.reads).toEqual(['statement.kind', 'statement.settings'])
}, 180_000)

const METADATA = `# METADATA
# title: A rule
# description: It is tried here.
# custom:
#   severity: low
#   owner: dba
#   controls: [SOC 2 CC6.1]
`
const BODY = 'deny contains {"reason": "No."} if input.statement.tag == "X"\n'

test.each([
  { what: 'says nothing of itself', text: `package holdpoint.rules.a.b\n\n${BODY}`, says: /METADATA title/ },
  {
    what: 'names no control by its number',
    text: `${METADATA.replace('SOC 2 CC6.1', 'good practice')}package holdpoint.rules.a.b\n\n${BODY}`,
    says: /METADATA custom\.controls\.0/,
  },
  {
    what: 'has a severity that there is not',
    text: `${METADATA.replace('low', 'dreadful')}package holdpoint.rules.a.b\n\n${BODY}`,
    says: /METADATA custom\.severity/,
  },
  {
    what: 'is not where its package says',
    text: `${METADATA}package holdpoint.rules.a.other\n\n${BODY}`,
    says: /has to be holdpoint\.rules\.a\.b/,
  },
  {
    what: 'names a mode that has no effect',
    text: `${METADATA.replace('owner: dba', 'owner: dba\n#   mode: shadow')}package holdpoint.rules.a.b\n\n${BODY}`,
    says: /mode := rego\.metadata/,
  },
])('refuses a rule that $what', async ({ text, says }) => {
  using folder = policyFolder('default')
  folder.write('rules/a/b.rego', text)
  folder.write('rules/a/b_test.rego', 'package holdpoint.rules.a.b_test\n')
  await expect(described(folder.path)).rejects.toThrow(says)
})

test('refuses a rule without a test beside it', async () => {
  using folder = policyFolder('default')
  rmSync(join(folder.path, 'rules/production/drop_test.rego'))
  await expect(described(folder.path)).rejects.toThrow(/production\/drop\.rego: it has no test beside it/)
})
