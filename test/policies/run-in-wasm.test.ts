import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readBundle } from '../../policies/bundle.ts'
import { run } from '../../policies/run.ts'
import { runInWasm } from '../../policies/tested/run-in-wasm.ts'
import { entrypointOf } from '../../policies/tested/tests-in-wasm.ts'
import { opa } from './default-policy.ts'

/** Compiled with all that OPA has: what our own list leaves out for a reason is what is wanted here. */
async function compiled(source: string, ...entrypoints: readonly string[]) {
  const folder = mkdtempSync(join(tmpdir(), 'holdpoint-wasm-'))
  try {
    const [file, bundle] = [join(folder, 'a.rego'), join(folder, 'a.tar.gz')]
    writeFileSync(file, source)
    const named = entrypoints.flatMap((entrypoint) => ['-e', entrypoint])
    await run(await opa(), ['build', '-t', 'wasm', ...named, '-o', bundle, file], { timeoutMs: 60_000 })
    return { wasm: readBundle(readFileSync(bundle)).get('/policy.wasm') as Buffer, data: Buffer.from('{"k": 1}') }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

const ask = (entrypoint: string, replaced = {}, input: unknown = {}) => ({ entrypoint, input, replaced })

test('answers in order, each with its own input and data', async () => {
  const module = await compiled('package a\n\nr := [data.k, input.x]\n\nn := input.none', 'a/r', 'a/n')
  const asks = [ask('a/r', {}, { x: 1 }), ask('a/r', { k: 2 }, { x: 2 }), ask('a/n'), ask('a/r', {}, { x: 3 })]
  expect(await runInWasm({ ...module, asks })).toEqual([
    { values: [[1, 1]] },
    { values: [[2, 2]] },
    { values: [] },
    { values: [[1, 3]] },
  ])
})

test('what never ends, or takes all memory, is told and keeps nobody from being asked', async () => {
  const source = 'package a\n\nr := 1\n\nendless := replace("a", "", "b")\n\nhuge := numbers.range(1, 1000000000)'
  const module = await compiled(source, 'a/r', 'a/endless', 'a/huge')
  const asks = ['a/r', 'a/endless', 'a/r', 'a/huge', 'a/r'].map((entrypoint) => ask(entrypoint))
  const answers = await runInWasm({ ...module, asks }, { askMsMax: 4_000, memoryBytesMax: 16 * 1024 * 1024 })
  expect(answers.map((answer) => ('values' in answer ? answer.values[0] : answer.problem))).toEqual([
    1,
    'did not end within 4 s',
    1,
    expect.stringContaining('malloc'),
    1,
  ])
}, 60_000)

test('after three that never end no more are asked', async () => {
  const module = await compiled('package a\n\nendless := replace("a", "", "b")', 'a/endless')
  const asks = Array.from({ length: 5 }, () => ask('a/endless'))
  const answers = await runInWasm({ ...module, asks }, { askMsMax: 500 })
  expect(answers.slice(3)).toEqual([
    { problem: 'was not run, after 3 others that did not end' },
    { problem: 'was not run, after 3 others that did not end' },
  ])
}, 60_000)

test('a test is named by its package, however that is written', () => {
  expect(entrypointOf({ package: 'data.a.b_test', name: 'test_c' })).toBe('a/b_test/test_c')
  expect(entrypointOf({ package: 'data.a["b-c"].d', name: 'test_e' })).toBe('a/b-c/d/test_e')
})
