import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse as parseYaml } from 'yaml'
import { type PolicyData, policyData } from './data-schema.ts'
import { PolicyError } from './errors.ts'
import type { RuleDescription } from './rule-description.ts'

export interface CheckedData {
  /** What is no mistake and should be looked at: an exception that has ended, a rule that does not bind. */
  readonly warnings: readonly string[]
}

/**
 * Checks the files of data/ against their schema, and that what they name is there: rules, groups, targets.
 * @throws PolicyError policy_invalid with every finding
 */
export function checkData(path: string, rules: readonly RuleDescription[], now: number): CheckedData {
  const problems: string[] = []
  const merged: Record<string, unknown> = {}
  for (const file of globSync('data/**/*.{yaml,yml,json}', { cwd: path }).sort()) merge(merged, path, file, problems)
  const checked = policyData.safeParse(merged)
  const found = checked.success
    ? unknownNames(checked.data, rules)
    : checked.error.issues.map(({ path: at, message }) => `data ${at.map(String).join('.')}: ${message}`)
  problems.push(...found)
  if (problems.length > 0 || !checked.success)
    throw new PolicyError('policy_invalid', `The policies are not valid:\n${problems.join('\n')}`)
  return { warnings: warningsOf(checked.data, rules, now) }
}

/** As OPA does it: what lies in a folder of data/ is filed under the folder’s name. */
function merge(into: Record<string, unknown>, path: string, file: string, problems: string[]): void {
  const folders = file.split('/').slice(1, -1)
  try {
    const content = parseYaml(readFileSync(join(path, file), 'utf8')) as unknown
    if (typeof content !== 'object' || content === null || Array.isArray(content)) throw new TypeError('not an object')
    let node = into
    for (const folder of folders) {
      node[folder] ??= {}
      node = node[folder] as Record<string, unknown>
    }
    for (const [key, value] of Object.entries(content)) {
      if (Object.hasOwn(node, key) && folders.length > 0) problems.push(`${file}: ${key} is there twice`)
      node[key] = value
    }
  } catch {
    problems.push(`${file}: not YAML with names and values`)
  }
}

function unknownNames(data: PolicyData, rules: readonly RuleDescription[]): readonly string[] {
  const problems: string[] = []
  const known = new Map(rules.map((rule) => [rule.id, rule]))
  const needGroup = (where: string, group: string): void => {
    if (data.groups !== undefined && !Object.hasOwn(data.groups, group))
      problems.push(`${where}: the group ${group} is not in data/groups.yaml`)
  }
  for (const [id, { rule, group, target }] of Object.entries(data.exceptions ?? {})) {
    const where = `data exceptions.${id}`
    if (!known.has(rule)) problems.push(`${where}: there is no rule ${rule}`)
    else if (known.get(rule)?.exceptions === false) problems.push(`${where}: ${rule} has no exceptions`)
    if (group !== undefined) needGroup(where, group)
    if (data.targets !== undefined && !Object.hasOwn(data.targets, target))
      problems.push(`${where}: the target ${target} is not in data/targets.yaml`)
  }
  for (const id of Object.keys(data.modes ?? {}))
    if (!known.has(id)) problems.push(`data modes: there is no rule ${id}`)
  for (const [name, list] of Object.entries(data.reviewers ?? {}))
    for (const { group } of list) needGroup(`data reviewers.${name}`, group)
  return problems
}

function warningsOf(data: PolicyData, rules: readonly RuleDescription[], now: number): readonly string[] {
  const ended = Object.entries(data.exceptions ?? {}).filter(([, { until }]) => Date.parse(until) <= now)
  const modeOf = ({ id, mode }: RuleDescription) => data.modes?.[id] ?? mode
  return [
    ...ended.map(([id, { until }]) => `the exception ${id} ended ${until} and can be removed`),
    ...rules.filter((rule) => modeOf(rule) !== 'enforce').map((rule) => `${rule.id} does not bind (${modeOf(rule)})`),
  ]
}
