import { readFileSync } from 'node:fs'
import { parse } from 'yaml'
import { type Config, environmentPaths } from '../../config.ts'

/** One line of what is in force: never a secret, only that it is set. */
export interface Setting {
  readonly path: string
  readonly shown: string
  /** default, command line, the name of a variable, or the file. */
  readonly source: string
}

export interface Given {
  readonly env: Readonly<Record<string, string | undefined>>
  /** Dotted paths that the command line set. */
  readonly overrides: Readonly<Record<string, unknown>>
  readonly file: string | undefined
}

export function settingsInForce(config: Config, given: Given): readonly Setting[] {
  const inFile = new Set(
    given.file === undefined ? [] : leaves(parse(readFileSync(given.file, 'utf8')) ?? {}).map(([path]) => path),
  )
  const variables = new Map<string, string>()
  for (const [name, path] of environmentPaths()) if (given.env[name]) variables.set(path, name)
  const sourceOf = (path: string): string => {
    if (given.overrides[path] !== undefined) return 'command line'
    return variables.get(path) ?? (inFile.has(path) ? (given.file as string) : 'default')
  }
  return leaves(config).map(([path, value]) => ({ path, shown: shown(path, value), source: sourceOf(path) }))
}

function leaves(value: unknown, path = ''): readonly (readonly [string, unknown])[] {
  if (typeof value !== 'object' || value === null) return [[path, value]]
  return Object.entries(value).flatMap(([key, child]) => leaves(child, path === '' ? key : `${path}.${key}`))
}

const SECRET = /(password|secret|token|privatekey|resultkey)$/i

function shown(path: string, value: unknown): string {
  if (value === undefined || value === '') return '(not set)'
  if (SECRET.test(path)) return '(set, not shown)'
  return String(value).replace(/(\w+:\/\/[^/@\s]*):[^@\s]*@/, '$1:…@')
}
