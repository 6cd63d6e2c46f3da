import { existsSync, globSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { PolicyError } from './errors.ts'
import { type RuleDescription, ruleMetadata } from './rule-description.ts'
import { findingLine } from './rule-places.ts'
import { type Module, packageOf, readsByPackage } from './rule-reads.ts'
import { run } from './run.ts'

const TIMEOUT_MS = 60_000
/** rules/<area>/<rule>.rego; what lies directly in rules/ is shared by rules and none itself. */
const RULE = /^rules\/([a-z]\w*)\/([a-z]\w*)\.rego$/

interface Annotated {
  readonly annotations?: { readonly scope?: string }
  readonly location?: { readonly file: string }
}

/**
 * What every rule says about itself, and what it reads.
 * @throws PolicyError policy_invalid, with every rule that does not say enough, is not where its package says, or has
 * no test beside it
 */
export async function describeRules(opa: string, path: string): Promise<readonly RuleDescription[]> {
  const files = globSync('rules/**/*.rego', { cwd: path }).sort()
  if (files.length === 0) return []
  const [modules, metadata] = await Promise.all([parseAll(opa, path, files), metadataOf(opa, path)])
  const reads = readsByPackage([...modules.values()])
  const problems: string[] = []
  const rules = files.flatMap((file) => {
    const [, area, name] = RULE.exec(file) ?? []
    if (area === undefined || name === undefined || name.endsWith('_test')) return []
    const id = `${area}.${name}`
    const module = modules.get(file)
    const said = ruleMetadata.safeParse(metadata.get(file) ?? {})
    problems.push(...placeProblems(path, file, id, module))
    if (!said.success) problems.push(...metadataProblems(file, said.error.issues))
    if (!said.success || module === undefined) return []
    const { title, description, custom } = said.data
    if (custom.mode !== 'enforce' && !hasMode(module)) problems.push(`${file}: ${MODE_IS_MISSING}`)
    const line = findingLine(readFileSync(join(path, file), 'utf8'))
    const itself = { id, file, line, title, description: description.trim(), ...custom }
    return [{ ...itself, reads: reads.get(packageOf(module)) ?? [] }]
  })
  if (problems.length === 0) return rules
  throw new PolicyError('policy_invalid', `The policies are not valid:\n${problems.join('\n')}`, {
    hint: 'holdpoint policy new <area>/<name> writes a rule that has everything',
  })
}

const MODE_IS_MISSING =
  'its METADATA names a mode, which takes effect by the line: mode := rego.metadata.chain()[1].annotations.custom.mode'

/** All files in one process, as OPA itself reads them. */
async function parseAll(opa: string, path: string, files: readonly string[]): Promise<ReadonlyMap<string, Module>> {
  const texts = Object.fromEntries(files.map((file) => [file, readFileSync(join(path, file), 'utf8')]))
  const query = '{file: module | some file, text in input; module := rego.parse_module(file, text)}'
  const { stdout } = await run(opa, ['eval', '--stdin-input', '--format', 'raw', query], {
    timeoutMs: TIMEOUT_MS,
    input: JSON.stringify(texts),
  })
  return new Map(Object.entries(JSON.parse(stdout) as Record<string, Module>))
}

/** The METADATA of each file's package. */
async function metadataOf(opa: string, path: string): Promise<ReadonlyMap<string, unknown>> {
  const folder = join(path, 'rules')
  const { stdout } = await run(opa, ['inspect', '--annotations', '--format', 'json', folder], { timeoutMs: TIMEOUT_MS })
  const { annotations = [] } = JSON.parse(stdout) as { readonly annotations?: readonly Annotated[] }
  return new Map(
    annotations.flatMap(({ annotations: said, location }) =>
      said?.scope === 'package' && location !== undefined
        ? [[`rules/${relative(folder, location.file)}`, said] as const]
        : [],
    ),
  )
}

function placeProblems(path: string, file: string, id: string, module: Module | undefined): readonly string[] {
  const wanted = `holdpoint.rules.${id}`
  const test = file.replace(/\.rego$/, '_test.rego')
  return [
    ...(module !== undefined && packageOf(module) !== wanted ? [`${file}: its package has to be ${wanted}`] : []),
    ...(existsSync(join(path, test)) ? [] : [`${file}: it has no test beside it (${test})`]),
  ]
}

function metadataProblems(
  file: string,
  issues: readonly { readonly path: readonly PropertyKey[]; readonly message: string }[],
): readonly string[] {
  return issues.map(({ path, message }) => `${file}: METADATA ${path.map(String).join('.')}: ${message}`)
}

function hasMode({ rules = [] }: Module): boolean {
  return rules.some(({ head }) => (head.ref?.[0]?.value ?? head.name) === 'mode')
}
