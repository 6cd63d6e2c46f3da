import { cpSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { POLICIES } from './default-policy.ts'

/** A folder of policies of a test's own, and a cache beside it. */
export interface PolicyFolder extends Disposable {
  readonly path: string
  readonly cacheFolder: string
  write(file: string, text: string): void
}

/** Areas that few stories are about, and the tests that want all of them. */
const LEFT_OUT = /^rules\/((agents|catalog|limits)\/|decision_test)/

/** Of the default policies about half: to check and test what is left takes half as long. */
export function fewerPolicies(): readonly string[] {
  const files = globSync(['rules/**/*.rego', 'data/**/*.yaml', 'manifest.yaml'], { cwd: POLICIES }).sort()
  return files.filter((file) => !LEFT_OUT.test(file))
}

/** @param from `default`: a copy of the default policies; `fewer`: of some; `empty`: nothing but a manifest */
export function policyFolder(from: 'default' | 'fewer' | 'empty'): PolicyFolder {
  const root = mkdtempSync(join(tmpdir(), 'holdpoint-policies-'))
  const path = join(root, 'policies')
  const write = (file: string, text: string): void => {
    mkdirSync(dirname(join(path, file)), { recursive: true })
    writeFileSync(join(path, file), text)
  }
  if (from === 'default') {
    for (const part of ['rules', 'data', 'manifest.yaml'])
      cpSync(join(POLICIES, part), join(path, part), { recursive: true })
  } else if (from === 'fewer') {
    for (const file of fewerPolicies()) write(file, readFileSync(join(POLICIES, file), 'utf8'))
  } else {
    write('manifest.yaml', 'name: test\nvolatile: []\n')
    write('data/empty.json', '{}')
  }
  return { path, cacheFolder: join(root, 'cache'), write, [Symbol.dispose]: () => rmSync(root, { recursive: true }) }
}

/** Policies of which only the decision is written out. */
export function decisionPolicy(body: string): PolicyFolder {
  const folder = policyFolder('empty')
  folder.write('rules/decision.rego', `package holdpoint\n\n${body}\n`)
  return folder
}
