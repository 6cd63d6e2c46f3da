import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Command } from 'commander'
import pg from 'pg'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { shownTo } from '../../../policies/manifest.ts'
import { packPolicy } from '../../../policies/packed.ts'
import { testPolicy } from '../../../policies/test-policies.ts'
import { buildPolicy } from '../../../policies/toolchain.ts'
import { policyInForce } from '../../../workflows/releases/policy-in-force.ts'
import { replayCommand } from '../../../workflows/replay/replay-command.ts'
import { migrate } from '../../../workflows/state/migrate.ts'
import { freshDatabase, type TestDatabase } from '../../harness/database.ts'
import { asked, relation } from '../../policies/asked.ts'
import { defaultPolicies, opa, POLICIES } from '../../policies/default-policy.ts'
import { policyFolder } from '../../policies/policy-folder.ts'

let database: TestDatabase
let scratch: string
beforeAll(async () => {
  scratch = mkdtempSync(join(tmpdir(), 'holdpoint-replay-'))
  database = await freshDatabase()
  const pool = new pg.Pool({ connectionString: database.url })
  await migrate(pool)
  const { manifest } = await defaultPolicies()
  const emptied = asked({
    tag: 'DELETE',
    effects: ['write'],
    fingerprint: 'f1',
    relations: [relation('orders', ['delete'])],
    flags: ['no_where'],
  })
  const add = (digest: string, input: object, decisions: number) =>
    pool.query(
      `WITH i AS (INSERT INTO policy_input VALUES ($1, $2, now()))
       INSERT INTO policy_input_day VALUES ($1, current_date, 'p', 'hold', $3)`,
      [digest, JSON.stringify(input), decisions],
    )
  await add('a', shownTo(manifest, emptied), 3)
  await add('b', shownTo(manifest, asked({ fingerprint: 'f2', relations: [relation('orders', ['select'])] })), 7)
  await pool.end()
}, 180_000)
afterAll(async () => {
  rmSync(scratch, { recursive: true })
  await database[Symbol.asyncDispose]()
})

/** What `holdpoint policy replay …` prints. */
let released = false
async function replayed(...args: readonly string[]): Promise<string> {
  const tools = { opa: () => opa(), cacheFolder: join(scratch, 'cache'), progress: () => undefined }
  const build = (path: string | null) => buildPolicy(path ?? POLICIES, tools)
  const command = replayCommand({
    openPool: () => new pg.Pool({ connectionString: database.url }),
    build,
    active: (_, pool) => (released && pool !== null ? policyInForce(pool, Date.now()) : build(null)),
    tests: (path) => testPolicy(path ?? POLICIES, tools),
    now: Date.now,
  })
  const out = vi.spyOn(process.stdout, 'write').mockReturnValue(true)
  const err = vi.spyOn(process.stderr, 'write').mockReturnValue(true)
  try {
    await new Command().addCommand(command).parseAsync(['replay', ...args], { from: 'user' })
    return out.mock.calls.map(([text]) => String(text)).join('')
  } finally {
    out.mockRestore()
    err.mockRestore()
  }
}

test('tells what a changed folder would have decided otherwise, and fails a CI that allows less', async () => {
  using folder = policyFolder('default')
  folder.write('data/modes.yaml', 'modes: { production.unbounded_write: warn }\n')
  const text = await replayed('--path', folder.path)
  expect(text).toMatch(/^\d+ tests fail, of \d+: holdpoint policy test names them$/m)
  expect(text).toMatch(/^3 of 10 decisions would differ \(1 of 2 distinct inputs\)$/m)
  expect(text).toMatch(/ 3 {2}hold → allow$/m)
  expect(text).toMatch(/ 3 {2}DELETE public\.orders {2}f1$/m)
  expect(text).toMatch(/ 3 {2}ana \(human\)$/m)
  expect(text).toMatch(/^never fired: .*agents\.exports_labelled/m)
  const json = JSON.parse(await replayed('--path', folder.path, '--json', '--no-tests'))
  expect(json).toMatchObject({ inputs: 2, decisions: 10, differing: { inputs: 1, decisions: 3 } })
  await expect(replayed('--path', folder.path, '--fail-over', '30', '--no-tests')).resolves.toContain('3 of 10')
  await expect(replayed('--path', folder.path, '--fail-over', '29', '--no-tests')).rejects.toMatchObject({
    code: 'too_different',
    exitStatus: 3,
  })
  // The other way round: a folder to compare with, and the configured one as the changed one.
  expect(await replayed('--against', folder.path, '--no-tests')).toMatch(/ 3 {2}allow → hold$/m)
}, 180_000)

test('writes what was recorded to a file, and judges such a file without a state database', async () => {
  const file = join(scratch, 'inputs.jsonl')
  await replayed('--export', file)
  expect(readFileSync(file, 'utf8').trim().split('\n')).toHaveLength(2)
  expect(await replayed('--from', file)).toMatch(
    /^0 of 10 decisions would differ[\s\S]*^\d+ tests pass and reach 9\d(\.\d)? % of the rules’ lines$/m,
  )
  writeFileSync(file, '{"digest":"x"}\n', { flag: 'a' })
  await expect(replayed('--from', file, '--no-tests')).rejects.toThrow(/Line 3 of .* is not a recorded input/)
  await expect(replayed('--from', join(scratch, 'nothing'))).rejects.toThrow(/There is no file/)
}, 180_000)

test('compares with the release in force, whatever lies in the configured folder', async () => {
  using folder = policyFolder('default')
  folder.write('data/modes.yaml', 'modes: { production.unbounded_write: warn }\n')
  const tools = { opa: () => opa(), cacheFolder: join(scratch, 'cache'), progress: () => undefined }
  const lax = await buildPolicy(folder.path, tools)
  const pool = new pg.Pool({ connectionString: database.url })
  try {
    await pool.query(
      `INSERT INTO release (commit, repository, repository_name, branch, folder, digest, package, follows, pulls, changes,
         files, evidence, verified_at) VALUES ($1, 1, 'a/b', 'main', '', $2, $3, NULL, '[]', '[]', '{}', 'e', now())`,
      ['a'.repeat(40), lax.digest, packPolicy(lax)],
    )
    released = true
    await expect(replayed('--no-tests')).rejects.toThrow('No release has been verified yet')
    await pool.query('UPDATE followed_branch SET verified = $1', ['a'.repeat(40)])
    // What is configured is the changed one, and holds what the release lets through.
    expect(await replayed('--no-tests')).toMatch(/ 3 {2}allow → hold$/m)
    const file = join(scratch, 'released.jsonl')
    await replayed('--export', file)
    expect(await replayed('--no-tests', '--from', file)).toMatch(/ 3 {2}allow → hold$/m)
  } finally {
    released = false
    await pool.end()
  }
}, 180_000)
