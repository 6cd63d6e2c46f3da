import { beforeAll, expect, test } from 'vitest'
import { compilePolicies } from '../../../policies/compile.ts'
import { PolicyError } from '../../../policies/errors.ts'
import { loadPolicy, type Policy } from '../../../policies/evaluate.ts'
import type { PolicyInput } from '../../../policies/input.ts'
import { shownTo } from '../../../policies/manifest.ts'
import type { RecordedInput } from '../../../workflows/replay/recorded-input.ts'
import { replay } from '../../../workflows/replay/replay.ts'
import { asked, bot, column, relation } from '../../policies/asked.ts'
import { defaultPolicy, opa } from '../../policies/default-policy.ts'
import { policyFolder } from '../../policies/policy-folder.ts'

let active: Policy
beforeAll(async () => {
  active = await defaultPolicy()
}, 180_000)

/** The default policies with some files written over. */
async function changed(files: Readonly<Record<string, string>>): Promise<Policy> {
  using folder = policyFolder('default')
  for (const [file, text] of Object.entries(files)) folder.write(file, text)
  const { path, cacheFolder } = folder
  return loadPolicy(await compilePolicies({ path, opa: () => opa(), cacheFolder, progress: () => undefined }))
}

const recorded = (input: PolicyInput, decisions: number): RecordedInput => ({
  digest: '',
  input: shownTo(active.manifest, input),
  decisions,
})

const read = asked({ fingerprint: 'read', relations: [relation('orders', ['select'])] })
const write = asked({
  fingerprint: 'write',
  tag: 'DELETE',
  effects: ['read', 'write'],
  relations: [relation('orders', ['delete'])],
})
const masked = asked(
  {
    fingerprint: 'masked',
    relations: [relation('customers', ['select'], { labels: ['email'] })],
    columns: [column('email', ['projected'], ['email'])],
  },
  bot,
)

const metadata = (title: string) => `# METADATA
# title: ${title}
# description: For this test.
# custom:
#   severity: low
#   owner: dba
#   controls: [SOC 2 CC6.1]
`

test('counts decisions that would differ, which ways, and names who and what is most affected', async () => {
  const stricter = await changed({
    'rules/general/writes.rego': `${metadata('Writes are held')}package holdpoint.rules.general.writes

title := rego.metadata.chain()[1].annotations.title

hold contains {"reason": "Held.", "reviewers": data.reviewers.database, "covers": ["write"]} if {
	"write" in input.statement.effects
}
`,
    'data/labels.yaml': `labels: { email: { method: redact, clear_to: [] } }\ncolumns: []\npatterns: []\n`,
  })
  const seen: number[] = []
  const difference = await replay(
    [
      recorded(read, 70),
      recorded(write, 20),
      recorded(masked, 10),
      recorded({ ...write, target: { ...write.target, name: 'b' } }, 5),
    ],
    active,
    stricter,
    { progress: (inputs) => seen.push(inputs) },
  )
  expect(difference).toMatchObject({
    before: active.digest,
    after: stricter.digest,
    inputs: 4,
    decisions: 105,
    differing: { inputs: 3, decisions: 35 },
    ways: [
      { from: 'allow', to: 'hold', changed: ['outcome'], inputs: 2, decisions: 25 },
      { from: 'allow', to: 'allow', changed: ['masks'], inputs: 1, decisions: 10 },
    ],
    statements: [
      { fingerprint: 'write', tag: 'DELETE', relations: ['public.orders'], decisions: 25 },
      { fingerprint: 'masked', decisions: 10 },
    ],
    identities: [
      { name: 'ana', kind: 'human', decisions: 25 },
      { name: 'report-bot', kind: 'agent', decisions: 10 },
    ],
    failed: { before: 0, after: 0 },
    incomplete: 0,
  })
  expect(difference.neverFired).toContain('production.drop')
  expect(difference.neverFired).not.toContain('general.writes')
}, 180_000)

test('finds nothing different between a policy and itself', async () => {
  const difference = await replay([recorded(read, 1), recorded(write, 1)], active, active)
  expect(difference).toMatchObject({ differing: { inputs: 0, decisions: 0 }, ways: [], statements: [], identities: [] })
})

test('counts a policy that fails as one that denies, and says that it failed', async () => {
  const broken: Policy = {
    ...active,
    decide: () => {
      throw new PolicyError('result_undefined', 'The policy has no answer for this statement.')
    },
  }
  const difference = await replay([recorded(read, 3)], active, broken)
  expect(difference.ways).toEqual([{ from: 'allow', to: 'deny', changed: ['outcome'], inputs: 1, decisions: 3 }])
  expect(difference.failed).toEqual({ before: 0, after: 1 })
})

test('tells how many inputs lack what the changed policy reads', async () => {
  const curious: Policy = {
    ...active,
    decide: (input) => active.decide(input),
    manifest: { ...active.manifest, volatile: ['session.application'] },
  }
  expect((await replay([recorded(read, 1)], active, curious)).incomplete).toBe(1)
})
