import { createHash, randomBytes } from 'node:crypto'
import { globSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { cachedBundle } from './content-key.ts'

/**
 * What OPA said of these very files, tests included: it would say the same again. A pull request is checked and tested
 * when it is opened, again when the branch moved, and when it is merged. Only what passed is kept.
 */
export interface Known<T> {
  readonly cacheFolder: string
  readonly path: string
  readonly what: 'checked' | 'tests'
  readonly passed: (value: T) => boolean
}

/** null: not known, or damaged */
export function knownBefore<T>(known: Known<T>): T | null {
  try {
    const value = JSON.parse(readFileSync(fileOf(known), 'utf8')) as T
    return known.passed(value) ? value : null
  } catch {
    return null
  }
}

/** Nothing that did not pass. */
export function keepKnown<T>(known: Known<T>, value: T): void {
  if (!known.passed(value)) return
  const file = fileOf(known)
  mkdirSync(join(known.cacheFolder, 'policies'), { recursive: true })
  const partial = `${file}.${randomBytes(4).toString('hex')}.partial`
  writeFileSync(partial, JSON.stringify(value))
  renameSync(partial, file)
}

/** The bundle's name stands for manifest, rules, data, OPA, its capabilities, the schema and our own code; tests come on top. */
function fileOf({ cacheFolder, path, what }: Pick<Known<unknown>, 'cacheFolder' | 'path' | 'what'>): string {
  const hash = createHash('sha256').update(cachedBundle('', path))
  for (const file of globSync('{rules,data}/**/*.{rego,yaml,yml,json}', { cwd: path }).sort()) {
    const bytes = readFileSync(join(path, file))
    hash.update(`${file} ${bytes.length}:`).update(bytes)
  }
  return join(cacheFolder, 'policies', `${hash.digest('hex')}.${what}.json`)
}
