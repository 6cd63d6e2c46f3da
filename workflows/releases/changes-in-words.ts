import type { RuleDescription } from '../../policies/rule-description.ts'

/** What a release changes, as sentences for whoever reads the announcement. */
export interface Side {
  readonly rules: readonly RuleDescription[]
  /** Path in the folder of the policies → git's name of the content. */
  readonly files: Readonly<Record<string, string>>
}

const SENTENCES_MAX = 40

export function changesInWords(before: Side | null, after: Side): readonly string[] {
  if (before === null) return [`The first release: ${after.rules.length} rules.`]
  const said = [...ruleChanges(before, after), ...otherChanges(before.files, after)]
  if (said.length === 0) return ['Nothing that takes part in a decision changed.']
  if (said.length <= SENTENCES_MAX) return said
  return [...said.slice(0, SENTENCES_MAX), `And ${said.length - SENTENCES_MAX} more changes.`]
}

function ruleChanges(before: Side, after: Side): readonly string[] {
  const [were, are] = [byId(before.rules), byId(after.rules)]
  const added = after.rules.filter(({ id }) => !were.has(id))
  const removed = before.rules.filter(({ id }) => !are.has(id))
  const kept = after.rules.filter(({ id }) => were.has(id))
  return [
    ...added.map(({ id, title, mode }) => `Rule ${id} added (${mode}): ${title}.`),
    ...removed.map(({ id, title }) => `Rule ${id} removed: ${title}.`),
    ...kept.flatMap((rule) => {
      const was = were.get(rule.id) as RuleDescription
      const mode = was.mode === rule.mode ? '' : `, from ${was.mode} to ${rule.mode}`
      const text =
        before.files[was.file] === after.files[rule.file] ? '' : `Rule ${rule.id} changed${mode}: ${rule.title}.`
      return text === '' ? [] : [text]
    }),
  ]
}

function otherChanges(before: Side['files'], { files, rules }: Side): readonly string[] {
  const own = new Set(rules.map(({ file }) => file))
  const differing = [...new Set([...Object.keys(before), ...Object.keys(files)])]
    .filter((path) => before[path] !== files[path] && !own.has(path))
    .sort()
  const tests = differing.filter((path) => path.endsWith('_test.rego'))
  const others = differing.filter(
    (path) => !path.endsWith('_test.rego') && /^(data|rules)\/|^manifest\.yaml$/.test(path),
  )
  const verb = (path: string): string =>
    before[path] === undefined ? 'added' : files[path] === undefined ? 'removed' : 'changed'
  return [
    ...others.filter((path) => !/^rules\/\w+\/\w+\.rego$/.test(path)).map((path) => `${path} ${verb(path)}.`),
    ...(tests.length === 0 ? [] : [`${tests.length} tests of rules changed.`]),
  ]
}

function byId(rules: readonly RuleDescription[]): ReadonlyMap<string, RuleDescription> {
  return new Map(rules.map((rule) => [rule.id, rule]))
}
