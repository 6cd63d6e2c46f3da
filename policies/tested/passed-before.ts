import { createHash } from 'node:crypto'
import { globSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { CompiledPolicy } from '../compile.ts'
import type { PolicyTests } from '../test-policies.ts'

/**
 * Tests that passed need not run again for the same files: a pull request is tested when it is opened, and again when the
 * branch moved, and when it is merged. What failed is run again.
 */
const TESTS_VERSION = 1

/** Of everything that the tests are made of; the digest stands for the rest, the module they are run against. */
function keyOf(path: string, { digest }: Pick<CompiledPolicy, 'digest'>): string {
  const hash = createHash('sha256').update(`${TESTS_VERSION} ${digest}`)
  for (const file of globSync('{rules,data}/**/*.{rego,yaml,yml,json}', { cwd: path }).sort()) {
    const bytes = readFileSync(join(path, file))
    hash.update(`${file} ${bytes.length}:`).update(bytes)
  }
  return hash.digest('hex')
}

function fileOf(cacheFolder: string, path: string, compiled: Pick<CompiledPolicy, 'digest'>): string {
  return join(cacheFolder, 'policies', `${keyOf(path, compiled)}.tests.json`)
}

/** null: not known, or damaged */
export function passedBefore(cacheFolder: string, path: string, compiled: CompiledPolicy): PolicyTests | null {
  try {
    const known = JSON.parse(readFileSync(fileOf(cacheFolder, path, compiled), 'utf8')) as PolicyTests
    return known.digest === compiled.digest && known.failed.length === 0 ? known : null
  } catch {
    return null
  }
}

export function rememberPassed(cacheFolder: string, path: string, tests: PolicyTests): void {
  if (tests.failed.length > 0) return
  const file = fileOf(cacheFolder, path, tests)
  writeFileSync(`${file}.${process.pid}.partial`, JSON.stringify(tests))
  renameSync(`${file}.${process.pid}.partial`, file)
}
