import { expect, test } from 'vitest'
import { checkData } from '../../policies/check-data.ts'
import { describeRules } from '../../policies/describe-rules.ts'
import { opa, POLICIES } from './default-policy.ts'
import { policyFolder } from './policy-folder.ts'

const rules = async () => describeRules(await opa(), POLICIES)
const NOW = Date.parse('2026-11-21T00:00:00Z')

const narrow = `  rule: production.unbounded_write
  group: engineers
  target: prod/shop
  relations: [public.orders]
  reason: Backfill of the new column
  until: 2026-12-01T00:00:00Z
`

test('finds nothing wrong with the default data', async () => {
  expect(checkData(POLICIES, await rules(), NOW)).toEqual({ warnings: [] })
}, 180_000)

test.each([
  { what: 'names no end', entry: narrow.replace(/ {2}until.*\n/, ''), says: /until/ },
  { what: 'ends at no time', entry: narrow.replace('2026-12-01T00:00:00Z', 'soon'), says: /until/ },
  { what: 'is for everybody', entry: narrow.replace(/ {2}group.*\n/, ''), says: /identity or a group/ },
  { what: 'is for everything', entry: narrow.replace(/ {2}relations.*\n/, ''), says: /fingerprint or relations/ },
  { what: 'gives no reason', entry: narrow.replace(/reason: .*/, 'reason: ok'), says: /reason/ },
  {
    what: 'names a rule that there is not',
    entry: narrow.replace('unbounded_write', 'unbound'),
    says: /no rule production\.unbound/,
  },
  {
    what: 'names a rule that has none',
    entry: narrow.replace('production.unbounded_write', 'general.unresolved'),
    says: /has no exceptions/,
  },
  { what: 'names a group that there is not', entry: narrow.replace('engineers', 'enginers'), says: /group enginers/ },
  {
    what: 'names a target that there is not',
    entry: narrow.replace('prod/shop', 'prod/shp'),
    says: /target prod\/shp/,
  },
  { what: 'has a field more', entry: `${narrow}  forever: true\n`, says: /forever/ },
])('refuses an exception that $what', async ({ entry, says }) => {
  using folder = policyFolder('default')
  folder.write('data/exceptions/one.yaml', `one:\n${entry}`)
  const known = await rules()
  expect(() => checkData(folder.path, known, NOW)).toThrow(says)
})

test.each([
  { file: 'data/modes.yaml', text: 'modes: { production.drop: loud }', says: /modes\.production\.drop/ },
  { file: 'data/modes.yaml', text: 'modes: { production.dorp: warn }', says: /no rule production\.dorp/ },
  { file: 'data/limits.yaml', text: 'limits: { kinds: { agent: { rows: 0 } } }', says: /limits/ },
  {
    file: 'data/schedules.yaml',
    text: 'schedules: { x: { weekly: { days: [someday], from: "1", until: "2" } } }',
    says: /schedules/,
  },
  { file: 'data/more.yaml', text: '- a list', says: /not YAML with names/ },
])('refuses $text in $file', async ({ file, text, says }) => {
  using folder = policyFolder('default')
  folder.write(file, text)
  const known = await rules()
  expect(() => checkData(folder.path, known, NOW)).toThrow(says)
})

test('tells of an exception that has ended and of rules that do not bind', async () => {
  using folder = policyFolder('default')
  folder.write('data/exceptions/one.yaml', `one:\n${narrow}`)
  folder.write('data/modes.yaml', 'modes: { production.drop: shadow }\n')
  expect(checkData(folder.path, await rules(), Date.parse('2026-12-02T00:00:00Z')).warnings).toEqual([
    'the exception one ended 2026-12-01T00:00:00Z and can be removed',
    'production.drop does not bind (shadow)',
  ])
})
