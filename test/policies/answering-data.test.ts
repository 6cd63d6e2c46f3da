import { expect, test } from 'vitest'
import { checkAnsweringData } from '../../policies/answering-data.ts'
import { compilePolicies } from '../../policies/compile.ts'
import { loadPolicy } from '../../policies/evaluate.ts'
import { testPolicy } from '../../policies/test-policies.ts'
import { asked } from './asked.ts'
import { opa } from './default-policy.ts'
import { policyFolder } from './policy-folder.ts'

const SCHEDULE = `oncall:
  - group: dba
    starts_at: "2026-11-02T09:00:00Z"
    shift_ms: 604800000
    shifts:
      - [{ issuer: "https://id.example", subject: "ben" }]
`

test('a schedule reaches the decision as it was written', { timeout: 60_000 }, async () => {
  using folder = policyFolder('default')
  folder.write('data/oncall.yaml', SCHEDULE)
  const policy = await loadPolicy(await compilePolicies({ ...folder, opa: await opa(), progress: () => undefined }))
  const decision = policy.decide(asked({ tag: 'GRANT', effects: ['privilege'] }))
  expect(decision).toMatchObject({
    outcome: 'hold',
    answering: {
      onCall: [
        {
          group: 'dba',
          startsAt: '2026-11-02T09:00:00Z',
          shiftMs: 604_800_000,
          shifts: [[{ issuer: 'https://id.example', subject: 'ben' }]],
        },
      ],
    },
  })
})

test.each([
  ['data/oncall.yaml', SCHEDULE.replace('604800000', 'a week'), 'oncall.0.shift_ms'],
  ['data/oncall.yaml', SCHEDULE.replace('2026-11-02T09:00:00Z', 'monday'), 'oncall.0.starts_at'],
  ['data/oncall.yaml', SCHEDULE.replace('subject: "ben"', 'name: ben'), 'oncall.0.shifts.0.0'],
  ['data/holds.yaml', 'holds: { escalate: { group: leads } }', 'holds.escalate.after_ms'],
  ['data/holds.yaml', 'holds: { same_shape: { runs: 5000, ms: 1000 } }', 'holds.same_shape.runs'],
  ['data/holds.yaml', 'holds: { break_glass: everybody }', 'holds.break_glass'],
  ['data/holds.yaml', 'holds: { break_glass: { group: sre, review_ms: 3600000 } }', 'break_glass.escalate_to'],
  ['data/holds.yaml', 'holds: [', 'not YAML'],
])('%s with a slip is refused before it decides anything', (file, text, where) => {
  using folder = policyFolder('default')
  folder.write(file, text)
  expect(() => checkAnsweringData(folder.path)).toThrow(where)
})

test.each([
  'holds: { break_glass: { group: sre, review_ms: 3600000, escalate_to: security } }',
  'holds: { break_glass: { group: sre, review_ms: 3600000 }, escalate: { group: leads, after_ms: 600000 } }',
  'holds: { break_glass: null }',
])('%s says who reviews what nobody reviewed in time', (text) => {
  using folder = policyFolder('default')
  folder.write('data/holds.yaml', text)
  expect(() => checkAnsweringData(folder.path)).not.toThrow()
})

const OWN_RULES = `package holdpoint.answering

said := {
	"reasonRequired": false, "remindMs": null, "escalate": null, "onCall": [], "delegates": {},
	"breakGlass": {"group": "sre", "reviewMs": 3600000}, "sameShape": null,
}
`

test('rules of one’s own that name nobody for it fail their tests, and break no glass', {
  timeout: 180_000,
}, async () => {
  using folder = policyFolder('fewer')
  folder.write('rules/answering.rego', OWN_RULES)
  const tools = { opa: () => opa(), cacheFolder: folder.cacheFolder, progress: () => undefined }
  const { failed } = await testPolicy(folder.path, tools)
  expect(failed.length).toBeGreaterThan(0)
  for (const { why } of failed) expect(why).toMatch(/breakGlass names no escalateTo/)
  const policy = await loadPolicy(await compilePolicies({ path: folder.path, ...tools }))
  const decision = policy.decide(asked({ tag: 'GRANT', effects: ['privilege'] }))
  expect(decision).toMatchObject({ outcome: 'hold', answering: { breakGlass: null } })
})
