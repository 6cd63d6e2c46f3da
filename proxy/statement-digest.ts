import { createHash } from 'node:crypto'
import type { Dependency } from './analyses.ts'
import type { BoundParameters, Definition } from './gate.ts'

/** Everything that fixes what a statement would do when it runs. */
export interface DigestParts {
  readonly text: string
  /** The texts behind the prepared statements and cursors it names. */
  readonly dependencies: readonly Dependency[]
  readonly parameters: BoundParameters
  readonly target: string
  readonly role: string
  readonly searchPath: string | null
  /** Of the relations and functions it names. */
  readonly definitions: readonly Definition[]
}

const VERSION = 'holdpoint statement digest 1'

/**
 * SHA-256 (hex) of the parts, each preceded by its length, lists by their count, so that no two different statements
 * give the same bytes. Absent is not empty: NULL parameters and unknown search paths have a mark of their own.
 */
export function statementDigest(parts: DigestParts): string {
  const hash = createHash('sha256')
  const add = (part: string | Buffer | null | undefined): void => {
    if (part === null || part === undefined) return void hash.update('-;')
    const bytes = typeof part === 'string' ? Buffer.from(part, 'utf8') : part
    hash.update(`${bytes.length}:`).update(bytes).update(';')
  }
  const addAll = (list: readonly (string | Buffer | null | undefined)[]): void => {
    hash.update(`${list.length}#`)
    for (const part of list) add(part)
  }
  const { types, formats, values } = parts.parameters
  const definitions = parts.definitions.map(({ oid, hash: definition }) => `${oid} ${definition}`).sort()
  add(VERSION)
  add(parts.text)
  addAll(parts.dependencies.flatMap(({ kind, name, found }) => [kind, name, found?.text]))
  addAll(types.map(String))
  addAll(formats.map(String))
  addAll(values)
  add(parts.target)
  add(parts.role)
  add(parts.searchPath)
  addAll(definitions)
  return hash.digest('hex')
}
