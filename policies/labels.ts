import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse as parseYaml } from 'yaml'
import { z } from 'zod'
import { maskMethod } from './decision.ts'
import { PolicyError } from './errors.ts'

export interface LabelledColumn {
  readonly schema: string
  readonly relation: string
  readonly column: string
  /** As format_type gives it, e.g. `character varying(255)`. */
  readonly type: string
}

/** Which columns are sensitive, by policies/data/labels.yaml. */
export interface LabelRules {
  /** In the order of the file, without doubles; empty: not sensitive. */
  labelsFor(column: LabelledColumn): readonly string[]
  /** What it was called before, or belonged to, does not count. */
  isCleared?(column: LabelledColumn): boolean
}

const file = z.strictObject({
  labels: z.record(z.string(), z.strictObject({ method: maskMethod, clear_to: z.array(z.string()) })),
  columns: z.array(z.strictObject({ schema: z.string(), relation: z.string(), column: z.string(), label: z.string() })),
  patterns: z.array(z.strictObject({ label: z.string(), name: z.string() })),
  cleared: z.array(z.strictObject({ schema: z.string(), relation: z.string(), column: z.string() })).default([]),
})

type LabelFile = z.infer<typeof file>

const NONE: readonly string[] = Object.freeze([])
/** Their columns are the system's own; what they must not show, the policy closes by relation. */
const systemSchemas = new Set(['pg_catalog', 'information_schema', 'pg_toast'])
const booleans = new Set(['bool', 'boolean'])

/**
 * @param path the folder of the policies
 * @throws PolicyError labels_invalid
 */
export function loadLabels(path: string): LabelRules {
  const file = join(path, 'data', 'labels.yaml')
  return labelRules(file, () => parseYaml(readFileSync(file, 'utf8')))
}

/**
 * The same from a compiled policy, whose data has everything that was in the files.
 * @throws PolicyError labels_invalid
 */
export function labelsIn(compiled: { readonly data: Buffer }): LabelRules {
  return labelRules('The data of the policy', () => {
    const { labels, columns, patterns, cleared } = JSON.parse(compiled.data.toString('utf8')) as Record<string, unknown>
    return { labels, columns, patterns, ...(cleared === undefined ? {} : { cleared }) }
  })
}

function labelRules(from: string, read: () => unknown): LabelRules {
  const labels = readLabelFile(from, read)
  const byColumn = new Map<string, string[]>()
  for (const { schema, relation, column, label } of labels.columns) {
    const key = keyOf(schema, relation, column)
    byColumn.set(key, [...(byColumn.get(key) ?? []), label])
  }
  const patterns = labels.patterns.map(({ label, name }) => ({ label, matches: whole(name) }))
  const byName = new Map<string, readonly string[]>()

  const namedLike = (name: string): readonly string[] => {
    const known = byName.get(name)
    if (known !== undefined) return known
    const found = patterns.filter(({ matches }) => matches.test(name)).map(({ label }) => label)
    // A database has few distinct column names; a bound all the same, since names come from outside.
    if (byName.size < 100_000) byName.set(name, found)
    return found
  }

  const cleared = new Set(labels.cleared.map(({ schema, relation, column }) => keyOf(schema, relation, column)))
  return {
    isCleared: ({ schema, relation, column }) => cleared.has(keyOf(schema, relation, column)),
    labelsFor({ schema, relation, column, type }) {
      const outright = byColumn.get(keyOf(schema, relation, column)) ?? NONE
      if (systemSchemas.has(schema) || booleans.has(type)) return outright
      const named = namedLike(column.toLowerCase())
      if (outright.length === 0) return named
      return [...new Set([...outright, ...named])]
    },
  }
}

function readLabelFile(path: string, read: () => unknown): LabelFile {
  let labels: LabelFile
  try {
    labels = file.parse(read())
    for (const { name } of labels.patterns) whole(name)
  } catch (cause) {
    throw new PolicyError('labels_invalid', `${path} is missing or not valid.`, { cause })
  }
  const unknown = [...labels.columns, ...labels.patterns].find(({ label }) => !Object.hasOwn(labels.labels, label))
  if (unknown === undefined) return labels
  throw new PolicyError('labels_invalid', `${path} uses the label ${unknown.label}, which it does not define.`)
}

function whole(pattern: string): RegExp {
  return new RegExp(`^(?:${pattern})$`, 'iu')
}

function keyOf(...parts: readonly string[]): string {
  return JSON.stringify(parts)
}
