import canonicalize from 'canonicalize'
import { expect, test } from 'vitest'
import { RecordDescriber } from '../../../workflows/trail/describe-record.ts'
import type { TrailRecord } from '../../../workflows/trail/line.ts'
import { putInForce } from '../../harness/release-in-force.ts'
import { defaultPolicies } from '../../policies/default-policy.ts'
import { type DoorsStand, openDoorsStand } from '../doors/doors-stand.ts'
import { judgedBy, RELEASED, recordsOf } from './put-in-force.ts'

/** Who reads a record of a statement sees whether anybody reviewed what decided it. */
async function judgementsOf(stand: DoorsStand): Promise<readonly unknown[]> {
  const client = await stand.wire('ana')
  await client.query('SELECT id FROM products LIMIT 1')
  await expect(client.query('ALTER SYSTEM SET work_mem = 1')).rejects.toMatchObject({ code: '42501' })
  await client.end()
  const statements = () => recordsOf(stand).filter(({ body }) => typeof body.judgement === 'object')
  await expect.poll(() => statements().map(({ event }) => event)).toEqual(['statement.intended', 'statement.denied'])
  return statements().map(({ body }) => body.judgement)
}

test('in development every statement’s record says that its policy is unreviewed', { timeout: 240_000 }, async () => {
  await using stand = await openDoorsStand()
  const judgements = await judgementsOf(stand)
  expect(judgements).toMatchObject([{ unreviewed: true }, { unreviewed: true }])
  for (const judgement of judgements) expect(canonicalize(judgement)).toBe(JSON.stringify(judgement))
  const [record] = recordsOf(stand).filter(({ event }) => event === 'statement.intended')
  const described = { at: '2026-01-01T00:00:00.000Z', journal: 'proxy-1-12345678', ...record } as unknown as TrailRecord
  expect(new RecordDescriber({ colour: false, width: 400 }).describe(described)).toContain('(unreviewed) SELECT id')
})

test('under a release no record says so', { timeout: 240_000 }, async () => {
  await using stand = await openDoorsStand(RELEASED)
  const compiled = await defaultPolicies()
  await putInForce(stand.workflows.pool, compiled)
  await judgedBy(stand, compiled)
  for (const judgement of await judgementsOf(stand)) expect(judgement).not.toHaveProperty('unreviewed')
})
