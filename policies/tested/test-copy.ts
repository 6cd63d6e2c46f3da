import { cpSync, globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { sources } from '../compile.ts'

/**
 * The sources of the policies and their tests once more, for building them otherwise. They differ in nothing but the
 * comment that names the entry point of a release: with it, OPA would make an entry point of all that calls the decision,
 * and helpers of tests cannot be one.
 */
export interface TestCopy extends Disposable {
  readonly path: string
  /** What OPA is given, below `path`. */
  readonly folders: readonly string[]
}

const ENTRYPOINT_COMMENT = /^(#\s*entrypoint:\s*)true\b/gm

export function testCopy(from: string): TestCopy {
  const path = mkdtempSync(join(tmpdir(), 'holdpoint-tests-'))
  const remove = (): void => rmSync(path, { recursive: true, force: true })
  try {
    const folders = sources(from).map((folder) => relative(from, folder))
    for (const folder of folders) cpSync(join(from, folder), join(path, folder), { recursive: true, dereference: true })
    for (const file of globSync('rules/**/*.rego', { cwd: path }).map((one) => join(path, one))) {
      const text = readFileSync(file, 'utf8')
      const without = text.replaceAll(ENTRYPOINT_COMMENT, '$1false')
      if (without !== text) writeFileSync(file, without)
    }
    return { path, folders, [Symbol.dispose]: remove }
  } catch (error) {
    remove()
    throw error
  }
}
