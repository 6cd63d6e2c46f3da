import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readBundle } from '../../policies/bundle.ts'
import { ENTRYPOINT } from '../../policies/compile.ts'
import { CAPABILITIES } from '../../policies/content-key.ts'
import { loadPolicy } from '../../policies/evaluate.ts'
import { compileModule, exportedNames, startModule } from '../../policies/opa-module.ts'
import { run } from '../../policies/run.ts'
import { defaultPolicies, opa } from './default-policy.ts'

interface Builtin {
  readonly name: string
  readonly infix?: string
  readonly decl: { readonly args?: readonly unknown[] }
}

async function compiled(source: string, ...flags: readonly string[]): Promise<Buffer> {
  const folder = mkdtempSync(join(tmpdir(), 'holdpoint-builtins-'))
  try {
    writeFileSync(join(folder, 'all.rego'), source)
    const bundle = join(folder, 'bundle.tar.gz')
    const args = ['build', '-t', 'wasm', '-e', ENTRYPOINT, ...flags, '-o', bundle, join(folder, 'all.rego')]
    await run(await opa(), args, { timeoutMs: 60_000 })
    return readBundle(readFileSync(bundle)).get('/policy.wasm') as Buffer
  } finally {
    rmSync(folder, { recursive: true })
  }
}

const calledBySyntax = /^(internal\.|rego\.metadata\.|eq$|assign$)/

test('every builtin that policies may use runs inside the module', async () => {
  const { builtins } = JSON.parse(readFileSync(CAPABILITIES, 'utf8')) as { builtins: readonly Builtin[] }
  const callable = builtins.filter(({ name, infix }) => infix === undefined && !calledBySyntax.test(name))
  const calls = callable.map(({ name, decl }, index) => {
    const args = (decl.args ?? []).map((_, position) => `input.a${position}`)
    return `decision["${index}"] := ${name}(${args.join(', ')})`
  })
  const source = ['package holdpoint', ...calls, 'decision["t"] := $"{input.a0}"'].join('\n\n')
  const module = startModule(await compileModule(await compiled(source, '--capabilities', CAPABILITIES)))
  expect(callable.length).toBeGreaterThan(60)
  expect(exportedNames(module, 'builtins')).toEqual([])
})

test('a module that leans on a builtin of the SDK is refused when it is loaded, not when it is reached', async () => {
  const wasm = await compiled('package holdpoint\n\ndecision := sprintf("%v", [input.a]) if input.never')
  const policies = await defaultPolicies()
  await expect(loadPolicy({ ...policies, wasm })).rejects.toThrow(/builtins that are not there: sprintf/)
})

test('the default policies need none', async () => {
  const policies = await defaultPolicies()
  expect(exportedNames(startModule(await compileModule(policies.wasm)), 'builtins')).toEqual([])
})
